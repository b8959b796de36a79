"""Whose token it is, which accounts it leads to, and their webhooks."""
