"""Looking after the whole: what needs a person, what runs, who is told, what must hold."""
