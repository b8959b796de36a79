"""The calls that must take effect once: written down, made once, settled, and read back when the answer is lost."""
