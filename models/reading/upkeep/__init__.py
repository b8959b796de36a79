"""How the whole stands: work that is owed and who does it, what is told, what somebody should look at."""
