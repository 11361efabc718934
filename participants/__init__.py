"""Who takes part, in what role."""
