"""Posts and what they are made of: drafts, campaigns, media, the calendar, and changing what is queued."""
