"""Routes of what is read of Instagram."""
