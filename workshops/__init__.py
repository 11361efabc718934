"""When we meet."""
