"""Media: what a file holds, what Instagram takes, where local files are kept and how they are offered."""
