"""Who may come in, and what they did: keys, users, sessions, links that work once, grants of accounts, the audit."""
