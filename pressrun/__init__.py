"""Ground floor: settings, clock, logging, vault, broker names, local servers. Knows nothing of posts or accounts."""

__version__ = "0.1.0"
