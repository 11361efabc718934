"""What is studied between the workshops."""
