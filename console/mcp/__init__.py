"""The tools of programs that converse: the operations by the Model Context Protocol, over stdio and at `/mcp`."""
