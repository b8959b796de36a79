"""What a program can ask for, by a route or by a tool: typed functions over one operation each."""
