"""`pressrun demo`: the example campaign played to its end, and what came of it."""
