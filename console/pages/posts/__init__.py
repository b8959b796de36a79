"""Pages of posts: planning, writing and finding them."""
