"""The account's own: its profile, media, stories and insights, and which metrics there are."""
