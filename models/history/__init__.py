"""The history: what was read, as of when. Nothing here is overwritten."""
