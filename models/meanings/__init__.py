"""What each table, view and column of the history means: the words themselves, written down once.

`models/meanings/dictionary.py` puts them into the database as comments, and docs/history.md shows them. Metrics have
theirs in `models/meanings/metrics.py`.
"""
