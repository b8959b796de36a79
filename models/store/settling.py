"""What each of our sessions in Postgres rests on, whatever server, database and role say of it: how values are written,
what a transaction sees, that a commit lasts, and that nobody ends a session for being quiet.
"""

from __future__ import annotations

import psycopg

# An intent that a crash of the server takes back would let a post go out twice. A server that does not even flush its
# log wins nothing by it; a setting stricter than `on` stays.
_OURS = """
    SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, MDY', false),
           set_config('IntervalStyle', 'postgres', false), set_config('extra_float_digits', '1', false),
           set_config('standard_conforming_strings', 'on', false),
           set_config('default_transaction_isolation', 'read committed', false),
           set_config('statement_timeout', '0', false), set_config('idle_session_timeout', '0', false),
           set_config('lock_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false),
           CASE WHEN current_setting('synchronous_commit') = 'off' AND current_setting('fsync') = 'on'
                THEN set_config('synchronous_commit', 'on', false) END
"""
_OF_17 = "SELECT set_config('transaction_timeout', '0', false)"


def settle(connection: psycopg.Connection) -> None:
    """Set it all, in a connection that is in autocommit. Raises psycopg.Error."""
    connection.execute(_OURS)
    if connection.info.server_version >= 170_000:
        connection.execute(_OF_17)
