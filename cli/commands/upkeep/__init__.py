"""Looking after the whole: who may come in, who is told, is everything as it must be."""
