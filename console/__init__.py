"""HTTP: health, the webhook receiver, the media host. Writes nothing but the inbox, and never talks to Instagram."""
