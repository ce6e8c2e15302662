"""What readers said of words."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table."""
    op.create_table(
        "labels",
        sa.Column("word_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.String(length=64), nullable=False),
        sa.Column("page_id", sa.String(length=36), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("said", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"]),
        sa.PrimaryKeyConstraint("word_id", "text"),
    )
    op.create_index("ix_labels_page_id", "labels", ["page_id"], unique=False)
