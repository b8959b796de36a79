"""Measurements and long runs: each prints what it did and one JSON line last. Run with `python -m benchmarks.NAME`.

`support` holds what they share, `peers` what others do of the same.
"""
