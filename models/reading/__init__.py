"""What lists, pages and exports read: queries that change nothing and lock nothing."""
