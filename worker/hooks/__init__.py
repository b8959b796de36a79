"""What keeps Instagram telling us: subscriptions of accounts, and what people ask of their data through Meta."""
