"""Work that is owed: its kinds, how it is handed to workers, who they are, and how much of it goes on at once."""
