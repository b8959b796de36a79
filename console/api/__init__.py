"""The HTTP API: a module for each resource, whose handlers parse, call one operation, and show what it answers."""
