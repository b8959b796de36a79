"""Reading accounts: what of each, when next, how far back, what was covered, and the answers as they came."""
