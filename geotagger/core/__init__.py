"""Values and rules of the program: no Qt, no torch, no disk beyond settings and resources."""
