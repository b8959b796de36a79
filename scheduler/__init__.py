"""When: accepting what people want published, and the loop that hands due rows to workers. Never talks to Instagram."""
