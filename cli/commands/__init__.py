"""The commands, a module for each word a person types: they parse, call one operation, and print."""
