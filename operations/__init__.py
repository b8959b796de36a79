"""Everything a person can ask for or look at, once, for every face."""
