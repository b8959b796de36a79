"""Versions of the Graph API (`pressrun/instagram/graph_versions.py`: others than the client ask for them too)."""

from pressrun.instagram.graph_versions import DEFAULT, Version, expires_on, is_expired, parse_version

__all__ = ["DEFAULT", "Version", "expires_on", "is_expired", "parse_version"]
