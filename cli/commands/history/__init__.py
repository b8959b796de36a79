"""What is read of Instagram: `pressrun harvest`, `insight`, `tag`, `mention`, `comment`, and asking it now."""
