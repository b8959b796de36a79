"""Pages of what needs a person, who comes in, and how the whole stands."""
