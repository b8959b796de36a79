"""When what is read: crons, slots, watches."""
