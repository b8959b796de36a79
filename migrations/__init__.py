"""Alembic revisions. Each works on a full, live table and never imports application models."""
