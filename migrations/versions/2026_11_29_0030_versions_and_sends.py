"""versions of posts, the moment of a send

Deploy: pre (works with the previous release still running).
Revision: 0008, follows 0007. Neither column rewrites its table: a constant default is kept in the catalogue.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("attempts", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("attempts", "sent_at")
    op.drop_column("posts", "version")
