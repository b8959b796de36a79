"""A Graph API on localhost: demo back end, test double and judge of "exactly once".

A second, independent reading of graph-api.md; it shares no code with the client it judges.
"""
