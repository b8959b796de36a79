"""The `pressrun` command: reads its arguments, calls the packages below, prints. It decides nothing itself."""
