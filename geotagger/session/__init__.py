"""What the user has open: photos, their states, pending changes and exports. Needs no QApplication."""
