"""`pressrun account`: connecting accounts, how they stand, taking them away."""
