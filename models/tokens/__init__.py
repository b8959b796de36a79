"""The tokens of accounts: what is known of each, and the care that each is owed as long as it is in force."""
