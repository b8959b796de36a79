"""What lives in a terminal for longer than a command."""
