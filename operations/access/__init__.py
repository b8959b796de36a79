"""Who may come in and what they may: keys, people, sessions, and the audit of what they did."""
