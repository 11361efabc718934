"""What came of it, for everyone."""
