"""The database beneath the tables: connection, clock, partitions, rights, and what every table begins with."""
