"""Routes of posts and what they are made of."""
