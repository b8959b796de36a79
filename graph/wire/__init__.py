"""Bytes out and in, and what every call needs: its endpoint, version and credentials, and what it used up."""
