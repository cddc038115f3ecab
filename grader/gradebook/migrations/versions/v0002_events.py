"""Overrides, excuses, extensions and regrades; and from here on the database itself refuses to change a row."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = ("attempts", "events", "overrides", "excuses", "extensions", "regrades")
_REFUSAL = "the gradebook only grows: its rows are never changed or deleted"


def upgrade() -> None:
    """Make the tables of events, and the triggers."""
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("assignment", sa.String(200), nullable=False, index=True),
        sa.Column("student", sa.String(300), nullable=False, index=True),
        sa.Column("by", sa.String(300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    _events_of("overrides", sa.Column("exercise", sa.String(200)), sa.Column("points", sa.Float()))
    _events_of("excuses", sa.Column("excused", sa.Boolean(), nullable=False))
    _events_of("extensions", sa.Column("until", sa.DateTime(timezone=True)))
    _events_of(
        "regrades",
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("max_score", sa.Float(), nullable=False),
        sa.Column("grade_json", sa.Text(), nullable=False),
    )
    match op.get_bind().dialect.name:
        case "sqlite":
            _only_grow_in_sqlite()
        case "postgresql":
            _only_grow_in_postgresql()


def _events_of(table: str, *columns: sa.Column) -> None:  # type: ignore[type-arg]
    op.create_table(table, sa.Column("id", sa.Integer(), sa.ForeignKey("events.id"), primary_key=True), *columns)


def _only_grow_in_sqlite() -> None:
    for table in _TABLES:
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )


def _only_grow_in_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION grader_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION grader_only_grows()"
        )
