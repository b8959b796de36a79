"""The first words of the line with which a process says on stdout that it works: it says them, and `stack` waits."""

from __future__ import annotations

READY = "READY"
LISTENING = "LISTENING"
"""Of a process that is reached under an address, which follows."""
