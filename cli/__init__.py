"""The `pressrun` command: the only package that may import everybody."""
