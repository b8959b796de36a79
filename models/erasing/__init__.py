"""What goes for good: how each table ends, accounts that are removed, persons that are blanked."""
