"""Pressrun beside what a user would pick instead: one run on one machine, contestants in turns (`make bench`)."""
