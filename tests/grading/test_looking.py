"""Whatever a notebook holds, looking at its source ends, and ends nothing but the process that looks."""

import socket
import threading
from collections.abc import Callable

import msgspec
import pytest

from grader.assignment.model import Exercise
from grader.grading.looking import in_plain_sight, look_at
from grader.looks.model import Look, LookRequest, Looks
from grader.notebook.model import Cell
from grader.observe.engine import Engine, Process
from grader.wire import frames

EXERCISES = [Exercise(id="my_softmax", title="Softmax", points=1.0, avoid=("softmax",))]
USE = "def my_softmax(x, dim): return x.softmax(dim)"
BOMBS = [
    "(" * 100_000 + ")" * 100_000,
    "x = " + "+".join(["1"] * 300_000),
    "x = " + "-" * 200_000 + "1",
    "x = " + "9" * 100_000,
    "x = f'" + "{" * 500 + "'",
    "if 1:\n" + "".join(" " * i + "if 1:\n" for i in range(1, 200)) + " " * 200 + "pass",
    "(" * 20_000 + ")" * 20_000,
    "x = " + "+".join(["1"] * 20_000),
    "x = " + "-" * 40_000 + "1",
    "x" + ".y" * 20_000,
    "f" + "(1)" * 15_000,
    "lambda: " * 5_000 + "1",
    "x = " + "[" * 90 + "]" * 90,
]


def cells(*sources: str) -> list[Cell]:
    return [Cell(i, source, "code") for i, source in enumerate(sources, start=1)]


def test_parser_bombs_cost_their_cells_and_nothing_else(engine: Engine) -> None:
    found = look_at(engine, cells(*BOMBS, USE), EXERCISES)
    assert {each.kind for each in found.elsewhere} == {"unparsed"}
    assert [each.what for each in found.exercises["my_softmax"]] == ["`x.softmax`"]


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_parser_bomb_alone_is_no_python_or_said_to_be_unparsed(engine: Engine, bomb: str) -> None:
    found = look_at(engine, cells(bomb), EXERCISES)
    assert found.exercises == {}
    assert [each.cell for each in found.elsewhere] in ([], [1])


def test_thousands_of_shell_lines_hold_nothing_up(engine: Engine) -> None:
    found = look_at(engine, cells("!ls\n" * 10_000, USE), EXERCISES)
    assert found.elsewhere == ()
    assert [each.what for each in found.exercises["my_softmax"]] == ["`x.softmax`"]


def test_warnings_about_the_text_do_not_hold_up_the_process(engine: Engine) -> None:
    assert look_at(engine, cells("x = 1\n" + "x is 1\n" * 6_000, USE), EXERCISES).elsewhere == ()


class Broken:
    """An engine whose process ends at certain cells, as a parser that crashes would make it."""

    forks, layers = True, ()

    def __init__(self, ends_at: Callable[[int], bool], hangs: bool = False) -> None:
        self.opened = 0
        self._ends_at = ends_at
        self._hangs = threading.Event()
        if not hangs:
            self._hangs.set()

    def open(self, entry: str, confines: object = None) -> Process:
        self.opened += 1
        ours, theirs = socket.socketpair()
        threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()
        return Process(2**22 + 1, ours, -1, -1, lambda _: None)  # no process has this id

    def close(self) -> None:
        """Let what hangs end."""
        self._hangs.set()

    def _serve(self, channel: socket.socket) -> None:
        message = frames.receive(channel.fileno())
        assert message is not None
        request = msgspec.msgpack.decode(message.body, type=LookRequest)
        with channel:
            for cell in request.cells:
                frames.send(channel.fileno(), {"cell": cell.number})
                if self._ends_at(cell.number):
                    self._hangs.wait(30)
                    return
            frames.send(channel.fileno(), {"cell": 0, "found": True}, msgspec.msgpack.encode(Looks()))


def test_a_cell_that_ends_the_process_is_named_and_left_out() -> None:
    engine = Broken(lambda cell: cell == 2)
    (found,) = look_at(engine, cells("1", "2", "3"), EXERCISES).elsewhere
    assert (found.kind, found.cell, found.what) == ("unparsed", 2, "cell 2 could not be parsed for the source check")
    assert engine.opened == 2


def test_a_process_that_says_nothing_more_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.grading.looking._SECONDS", 0.2)
    engine = Broken(lambda cell: cell == 2, hangs=True)
    assert [each.cell for each in look_at(engine, cells("1", "2", "3"), EXERCISES).elsewhere] == [2]
    engine.close()


def test_a_notebook_that_ends_the_process_again_and_again_is_given_up() -> None:
    engine = Broken(lambda cell: True)
    found = look_at(engine, cells("1", "2", "3", "4", "5"), EXERCISES).elsewhere
    assert [each.cell for each in found] == [1, 2, 3, 0]
    assert found[-1].what == "the notebook could not be parsed for the source check"
    assert engine.opened == 3


def test_students_are_shown_direct_uses_and_nothing_else() -> None:
    use = Look(kind="source", what="`F.softmax`", why="so.", avoided="softmax")
    odd = Look(kind="source", what="`eval`", why="so.")
    shown = in_plain_sight(Looks({"a": (use, odd), "b": (odd,)}, (odd,)))
    assert shown == Looks({"a": (use,)})
