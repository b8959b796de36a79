"""What Instagram tells of its own accord: what accounts are subscribed to, and what people ask through Meta."""
