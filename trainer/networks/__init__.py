"""The networks that can be trained, in one registry: the class project's four, and ours."""
