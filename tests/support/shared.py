"""The tests' one engine, lent to a command."""

from grader.observe.engine import Engine


class Shared:
    """An engine that a command may close without ending it for the tests after it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def close(self) -> None:
        """Other tests go on with it."""
