"""Accounts on their way in: from a consent or a token to an account that works."""
