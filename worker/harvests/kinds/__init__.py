"""One module per kind of harvest, and what kinds of media have in common."""
