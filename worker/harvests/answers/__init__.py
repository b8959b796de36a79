"""What Instagram's answers say, before anything is kept of it."""
