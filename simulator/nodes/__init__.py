"""The nodes and edges that are read, and commented on: users, media, comments, mentions, hashtags, shops, audio."""
