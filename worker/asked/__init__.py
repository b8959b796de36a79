"""What is asked of Instagram beside harvests: by people, and of a post once it is live."""
