"""What faults and the report call the endpoints. Each endpoint adds its own name when it registers."""

from __future__ import annotations

NAMES: set[str] = set()
