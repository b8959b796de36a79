"""Pages of what is read of Instagram."""
