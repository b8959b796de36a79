"""What is asked of Instagram beside harvests: inquiries of people, follow-ups of live posts, polls as they stood."""
