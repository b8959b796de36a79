"""What has happened, in the order in which it can be told: what event streams are fed from."""
