"""What is kept of what was asked: drafts, imports, and the answers that were given under an idempotency key."""
