"""When attempts were handed in, where that became known after they were graded."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_REFUSAL = "the gradebook only grows: its rows are never changed or deleted"


def upgrade() -> None:
    """Make the table, and its triggers."""
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Integer(), sa.ForeignKey("events.id"), primary_key=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("arrival", sa.String(20), nullable=False),
        sa.Column("handed_in", sa.DateTime(timezone=True)),
    )
    match op.get_bind().dialect.name:
        case "sqlite":
            for change in ("update", "delete"):
                op.execute(
                    f"CREATE TRIGGER arrivals_no_{change} BEFORE {change.upper()} ON arrivals "
                    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
                )
        case "postgresql":
            op.execute(
                "CREATE TRIGGER arrivals_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON arrivals "
                "FOR EACH STATEMENT EXECUTE FUNCTION grader_only_grows()"
            )
