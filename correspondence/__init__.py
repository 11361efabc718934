"""What we write, to whom, once. Knows addresses, not people."""
