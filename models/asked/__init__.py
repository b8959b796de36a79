"""What is asked: of Instagram beside harvests; and of us, as drafts, imports and answers under an idempotency key."""
