"""The history, and how its harvests stand."""
