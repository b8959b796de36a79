"""one row for a day of an account, also where Instagram has moved the instant at which it ends

Deploy: pre (works with the previous release still running: names and types of the columns stay).
Revision: 0035, follows 0034.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

import migrations

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Replaced and not dropped: what readers were granted, and views of their own upon these, stay.
    op.execute(_file("account_daily_once"))
    op.execute(_file("account_daily_as_of_once"))


def downgrade() -> None:
    op.execute(_file("account_daily_told"))
    op.execute(_file("account_daily_as_of_told").replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))


def _file(name: str) -> str:
    return (Path(migrations.__file__).parent / "views" / f"{name}.sql").read_text(encoding="utf-8")
