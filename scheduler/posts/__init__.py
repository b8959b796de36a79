"""Accepting posts and changing them: from what a person wrote to rows that fall due."""
