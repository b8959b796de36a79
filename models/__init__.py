"""Truth: the tables, and the only functions that may change a guarded state.

What lives here must hold whoever calls it. Nothing here knows Instagram's API, Celery or HTTP.

Row locks are taken in one order, so that no two transactions wait for each other: a connection, then the account, then
a row of work (post, harvest, backfill, event, reply, token), then what belongs to it (containers, attempts, places of
the quota). Whoever may need the account's row takes it before renewing its claim. `tests/support/lock_order.py` holds
us to it.
"""
