"""What must take effect once, at Instagram: containers, attempts, replies, and what each outcome means."""
