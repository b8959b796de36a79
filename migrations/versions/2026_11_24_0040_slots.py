"""slots

Deploy: pre (works with the previous release still running).
Revision: 0005, follows 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slots",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("wall_time", sa.Time(), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_slots_weekday")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_slots_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slots")),
        sa.UniqueConstraint("account_id", "weekday", "wall_time", name=op.f("uq_slots_account_id_weekday_wall_time")),
    )
    _allow("'publish', 'expire', 'next_slot'")


def downgrade() -> None:
    op.execute("UPDATE posts SET if_late = 'expire' WHERE if_late = 'next_slot'")
    op.execute("UPDATE accounts SET if_late = 'expire' WHERE if_late = 'next_slot'")
    _allow("'publish', 'expire'")
    op.drop_table("slots")


def _allow(rules: str) -> None:
    """Another list of rules: checked for new rows at once, for old ones without keeping anybody from writing."""
    op.drop_constraint(op.f("ck_posts_if_late"), "posts", type_="check")
    op.execute(f"ALTER TABLE posts ADD CONSTRAINT ck_posts_if_late CHECK (if_late IN ({rules})) NOT VALID")
    op.execute("ALTER TABLE posts VALIDATE CONSTRAINT ck_posts_if_late")
