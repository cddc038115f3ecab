"""The attacks: one cell a file in attacks/, with what must come of it written in its first lines.

The files do not end in .py: pytest imports every module below tests/ when it looks for doctests, and nothing but a
confined session may ever run one of these.

A file starts with a docstring: what is attempted, and what is required. Then, where it differs from the default,
one line ``# expect: word=value ...``:

- ``base``: the honest notebook that the cell is added to, "wrong" (the default) or "correct".
- ``lost``: exercises of a correct base that may not get full points, such as ``lost=softmax,mlp``.
- ``won``: exercises of a wrong base whose points the attack earns by right values; a person has to look at those.
- ``cell``: how the attack's own cell must end: "done" (the default) or reasons, such as ``cell=timeout,exit``.
- ``place``: where the cell stands, "last" (the default) or "first".
- ``waits``: how many time limits must run out before the grader can go on, such as ``waits=cell:1,check:3``.
- ``limits``: limits other than the toy's, such as ``limits=check_seconds:1``.

A cell that gets what it must not get prints a line that starts with GOT.
"""

from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parent / "attacks"
NAMES = tuple(sorted(path.stem for path in HOME.glob("*.cell")))
_KNOWN = {"base", "lost", "won", "cell", "place", "waits", "limits"}


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        name: Its file's name.
        source: The cell.
        expect: What its expectation line says.
    """

    name: str
    source: str
    expect: dict[str, str]

    @property
    def base(self) -> str:
        """The honest notebook that it is added to."""
        return self.expect.get("base", "wrong")

    @property
    def cell(self) -> tuple[str, ...]:
        """How its cell may end."""
        return tuple(self.expect.get("cell", "done").split(","))

    @property
    def limits(self) -> dict[str, float]:
        """Limits other than the toy's."""
        return self._numbers("limits")

    @property
    def waits(self) -> dict[str, float]:
        """How often which limit has to run out: "cell", "check", "notebook"."""
        return self._numbers("waits")

    def exercises(self, word: str) -> set[str]:
        """The exercises that "lost" or "won" names."""
        return set(filter(None, self.expect.get(word, "").split(",")))

    def added_to(self, cells: tuple[str, ...], **filled: object) -> tuple[str, ...]:
        """The notebook with this attack's cell, its ``@NAME@`` filled in.

        Args:
            cells: The honest notebook.
            **filled: What to put in place of what.
        """
        source = self.source
        for name, value in filled.items():
            source = source.replace(f"@{name.upper()}@", str(value))
        return (source, *cells) if self.expect.get("place") == "first" else (*cells, source)

    def _numbers(self, word: str) -> dict[str, float]:
        pairs = (pair.split(":") for pair in filter(None, self.expect.get(word, "").split(",")))
        return {name: int(value) if value.isdigit() else float(value) for name, value in pairs}


def load(name: str) -> Attack:
    """Read one attack; its header must say what is attempted, and nothing unknown be expected."""
    source = (HOME / f"{name}.cell").read_text(encoding="utf-8")
    assert source.startswith('"""') and "\nRequired: " in source, f"{name}: say what is attempted and what is required"
    lines = [line for line in source.splitlines() if line.startswith("# expect:")]
    words = dict(word.split("=", 1) for line in lines for word in line.removeprefix("# expect:").split())
    assert words.keys() <= _KNOWN, f"{name}: unknown expectation {sorted(words.keys() - _KNOWN)}"
    return Attack(name, source, words)
