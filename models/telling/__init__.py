"""Telling people: notices, the endpoints that hear of them, and what was sent to each."""
