"""The life of a post, a step for each state: containers, the one call, what became of it."""
