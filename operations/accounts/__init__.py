"""Accounts: connecting them, how they stand, what Instagram tells of them, taking them away."""
