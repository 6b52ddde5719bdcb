"""The window: thin PySide6 adapters over the session."""
