"""The command line: a first-class user of the same rooms as the window."""
