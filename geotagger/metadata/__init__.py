"""Photo files in, photo files out: reading and safely writing positions. No Qt, no torch."""
