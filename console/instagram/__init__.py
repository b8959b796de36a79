"""What Instagram itself calls: notifications it sends, media it fetches, browsers it leads back."""
