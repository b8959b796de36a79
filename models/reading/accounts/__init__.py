"""Accounts, and how each stands."""
