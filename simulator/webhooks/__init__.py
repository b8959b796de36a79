"""What an account is subscribed to, and how it is told."""
