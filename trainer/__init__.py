"""Makes the model bundle that the application ships. The application never imports this package."""
