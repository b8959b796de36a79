"""What exists and what is true of it: accounts, media, numbers, time; every change is an event of the journal."""
