"""The attempts, as books had them before there were migrations: such a book is taken over as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table where it is missing."""
    if sa.inspect(op.get_bind()).has_table("attempts"):
        return
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("assignment", sa.String(200), nullable=False, index=True),
        sa.Column("student", sa.String(300), nullable=False, index=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("max_score", sa.Float(), nullable=False),
        sa.Column("scope", sa.String(20), nullable=False),
        sa.Column("seed", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("grade_json", sa.Text(), nullable=False),
        sa.UniqueConstraint("assignment", "student", "number"),
    )
