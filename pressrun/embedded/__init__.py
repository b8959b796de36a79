"""Servers that Pressrun brings along: real Postgres, a real Redis-compatible broker, and the supervisor of `up`."""
