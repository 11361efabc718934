"""The talks with a mentor."""
