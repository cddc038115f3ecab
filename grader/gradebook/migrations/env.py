"""How Alembic runs these migrations: in the transaction of `grader.gradebook.database`, which holds the lock."""

from alembic import context

from grader.gradebook.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
