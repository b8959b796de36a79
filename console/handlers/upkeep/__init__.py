"""Routes of who comes in, who is told, and how the whole stands."""
