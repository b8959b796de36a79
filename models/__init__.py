"""Truth: the tables, and the only functions that may change a guarded state.

What lives here must hold whoever calls it. Nothing here knows Instagram's API, Celery or HTTP.
"""
