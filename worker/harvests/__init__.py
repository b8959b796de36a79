"""Harvests: what Instagram knows of an account, read, parsed and added to the history. One module per kind."""
