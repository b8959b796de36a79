"""Posts: what is wanted, its parts and files, its states and their timeline, and the weekly times for it."""
