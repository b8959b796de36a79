"""Looking after the whole: what must always hold, what is old enough to go, sealing anew."""
