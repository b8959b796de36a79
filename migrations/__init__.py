"""Alembic revisions. Each works on a full, live table and never imports application models."""

HEAD = "0035"
"""The newest revision. Said here, so that a service that looks at its database need not load Alembic and them all."""
