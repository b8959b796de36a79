"""Accounts: what each is and was called, its zone, and how much Instagram lets through of it."""
