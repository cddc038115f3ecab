"""A session survives whatever its code does: the fault costs what it touches and nothing else."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from types import MappingProxyType

import msgspec
import pytest

from grader.assignment.model import Limits
from grader.looks.model import LookExercise
from grader.observe.engine import Engine
from grader.observe.protocol import CheckSource, Overlay
from grader.observe.supervisor import Session
from grader.observe.warm import Zygote
from grader.wire.decode import decode
from grader.wire.outcome import Missing, Raised, Returned, Stopped

LIMITS = Limits(cell_seconds=2, check_seconds=2, notebook_seconds=20, memory_bytes=1_500_000_000, output_bytes=200_000)
CHECKS = """
from grader.authoring import check

@check(exercise="f", points=1)
def of_f(work, rng):
    '''What f returns.'''
    return {"got": work.f(3)}

@check(exercise="g", points=1)
def of_g(work, rng):
    '''What g returns.'''
    return {"got": work.g(3)}
"""
F, G = "def f(x): return x + 1", "def g(x): return x * 10"

Open = Callable[..., Session]


@pytest.fixture
def session(engine: Engine) -> Iterator[Open]:
    opened = []

    def open_session(
        *cells: str, limits: Limits = LIMITS, files: Mapping[str, bytes] = MappingProxyType({})
    ) -> Session:
        made = Session(engine, list(enumerate(cells, start=1)), limits, "seed", files=files)
        opened.append(made)
        made.run_notebook()
        return made

    yield open_session
    for made in opened:
        made.close()


def outcome(session: Session, name: str) -> object:
    found = session.check([CheckSource(CHECKS, name, "seed")]).outcomes[0]
    return decode(found.observation)["got"] if isinstance(found, Returned) else found


def test_what_a_function_returns_is_observed(session: Open) -> None:
    assert outcome(session(F), "of_f") == 4


def test_a_cell_that_raises_costs_that_cell_and_is_named_with_cell_and_line(session: Open) -> None:
    opened = session(F, "a = 1\nb = [][3]\nc = 2", G)
    end = opened.ends[2]
    assert (end.reason, end.error, end.message) == ("error", "IndexError", "list index out of range")
    assert [(frame.cell, frame.line, frame.text) for frame in end.frames] == [(2, 2, "b = [][3]")]
    assert (outcome(opened, "of_f"), outcome(opened, "of_g")) == (4, 30)


def test_a_syntax_error_names_its_line(session: Open) -> None:
    end = session(F, "x = 1\ndef broken(:\n    pass").ends[2]
    assert (end.error, end.frames[0].cell, end.frames[0].line) == ("SyntaxError", 2, 2)


@pytest.mark.parametrize(
    ("source", "reason", "words"),
    [
        ("while True: pass", "timeout", "still running at the time limit of 2 s for a cell"),
        ("import os; os._exit(0)", "exit", "the process ended itself with status 0"),
        ("import ctypes; ctypes.string_at(0)", "crash", "signal 11 (SIGSEGV)"),
        ("while True: print('again and again')", "output", "more than 200 kB were printed"),
        ("import os; os.abort()", "crash", "the process was stopped by signal"),
    ],
)
def test_a_cell_that_must_be_stopped_costs_that_cell(session: Open, source: str, reason: str, words: str) -> None:
    opened = session(F, source, G)
    assert opened.ends[2].reason == reason
    assert words in opened.ends[2].message
    assert set(opened.ends) == {2}
    assert (outcome(opened, "of_f"), outcome(opened, "of_g")) == (4, 30)


def test_the_definitions_of_a_stopped_cell_are_kept(session: Open) -> None:
    opened = session(f"{F}\nwhile True: pass")
    assert opened.ends[1].reason == "timeout"
    assert outcome(opened, "of_f") == 4


def test_memory_taken_bit_by_bit_is_stopped_at_the_limit(session: Open) -> None:
    hog = (
        "import mmap\nkept = []\nwhile True:\n    m = mmap.mmap(-1, 1 << 26); m.write(b'x' * (1 << 26)); kept.append(m)"
    )
    opened = session(F, hog, limits=msgspec.structs.replace(LIMITS, cell_seconds=15, memory_bytes=800_000_000))
    assert opened.ends[2].reason in ("memory", "error")
    assert opened.peak_bytes < 1_600_000_000
    assert outcome(opened, "of_f") == 4


def test_forty_gigabytes_at_once_are_refused_inside(session: Open) -> None:
    opened = session(F, "hog = b'x' * 40_000_000_000")
    assert (opened.ends[2].reason, opened.ends[2].error) == ("error", "MemoryError")
    assert outcome(opened, "of_f") == 4


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        ("while True: pass", "timeout", "no answer within 2 s"),
        ("import os; os._exit(0)", "exit", "the process ended itself with status 0"),
        ("import ctypes; ctypes.string_at(0)", "crash", "signal 11 (SIGSEGV)"),
        ("\n  while True: print('again and again')", "output", "more than 200 kB were printed"),
        ("import time, signal; signal.pthread_sigmask(0, range(1, 65)); time.sleep(60)", "timeout", "no answer"),
    ],
)
def test_a_check_that_must_be_stopped_costs_that_check(session: Open, body: str, reason: str, words: str) -> None:
    opened = session(f"def f(x):\n  {body}", G)
    found = outcome(opened, "of_f")
    assert isinstance(found, Stopped)
    assert found.reason == reason
    assert words in found.detail
    assert outcome(opened, "of_g") == 30


def test_each_check_starts_from_the_state_after_the_notebook(session: Open) -> None:
    opened = session("count = 0\ndef f(x):\n    global count\n    count += 1\n    return count")
    assert [outcome(opened, "of_f") for _ in range(3)] == [1, 1, 1]


def test_an_error_in_a_check_is_told_in_the_cells_own_lines(session: Open) -> None:
    found = outcome(
        session("import torch", "def f(x):\n    return inner(x)\n\ndef inner(x):\n    raise ValueError('no')"), "of_f"
    )
    assert isinstance(found, Raised)
    assert (found.error, found.message) == ("ValueError", "no")
    assert [(f.cell, f.line, f.function) for f in found.frames] == [(2, 2, "f"), (2, 5, "inner")]


def test_an_error_text_is_cut_and_may_itself_raise(session: Open) -> None:
    long = outcome(session("def f(x): raise ValueError('z' * 10_000)"), "of_f")
    assert isinstance(long, Raised)
    assert len(long.message) == 300
    lying = outcome(session("class E(Exception):\n    def __str__(self): raise OSError\ndef f(x): raise E"), "of_f")
    assert isinstance(lying, Raised)
    assert lying.message == "(its text cannot be shown: OSError)"


def test_a_name_that_is_not_defined_is_missing_and_no_error(session: Open) -> None:
    assert outcome(session(F), "of_g") == Missing("g")


def test_magics_plots_and_shell_lines_do_no_harm(session: Open) -> None:
    opened = session(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()",
        "!pip install nothing-at-all\nfiles = !ls\n%pip install more",
        "%%bash\necho hello",
        "%time y = 1",
        F,
    )
    assert opened.ends == {}
    assert outcome(opened, "of_f") == 4
    assert "shell command not run while grading: !pip install nothing-at-all" in opened.notices


def test_what_the_notebook_prints_is_kept_and_cut(session: Open) -> None:
    opened = session("print('hello')", "print('x' * 100_000)", F)
    assert opened.output.startswith("hello\n")
    assert "more bytes were cut" in opened.output
    assert len(opened.output) < 70_000


def test_files_are_beside_the_notebook_and_a_change_to_them_stays_in_its_session(session: Open) -> None:
    opened = session(
        "def f(x):\n    open('data/a.txt', 'a').write('!')\n    return open('data/a.txt').read()",
        files={"data/a.txt": b"original"},
    )
    assert outcome(opened, "of_f") == "original!"
    opened.close()
    opened.run_notebook()
    assert outcome(opened, "of_f") == "original!"


def test_the_environment_holds_nothing_of_the_graders(session: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    os.environ["GRADER_TEST_SECRET"] = "canary"
    try:
        opened = session("import os\ndef f(x): return sorted(os.environ)")
        assert "GRADER_TEST_SECRET" not in outcome(opened, "of_f")
    finally:
        del os.environ["GRADER_TEST_SECRET"]


def test_a_session_on_the_cpu_sees_no_other_device(session: Open) -> None:
    opened = session("import os\ndef f(x): return os.environ['CUDA_VISIBLE_DEVICES']")
    assert outcome(opened, "of_f") == ""


def test_processes_left_behind_end_with_the_check(session: Open) -> None:
    body = (
        "import os, time\ndef f(x):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0:\n"
        "            while True:\n                open('alive', 'a').write('x'); time.sleep(0.02)\n"
        "        os._exit(0)\n    time.sleep(0.2)\n    return 1\n"
        "def g(x): return os.path.getsize('alive')"
    )
    opened = session(body)
    assert outcome(opened, "of_f") == 1
    size = outcome(opened, "of_g")
    assert isinstance(size, int)
    assert size > 0
    time.sleep(0.3)
    assert outcome(opened, "of_g") == size


def test_an_overlay_replaces_what_the_notebook_defined(session: Open) -> None:
    overlay = Overlay(
        "from grader.authoring import misconception\n@misconception(exercise='f')\ndef wrong(work):\n"
        "    '''Hint.'''\n    def f(x): return work.g(x) + 1\n    return f",
        "wrong",
    )
    opened = session(F, G)
    found = opened.check([CheckSource(CHECKS, "of_f", "seed")], overlays=[overlay]).outcomes[0]
    assert isinstance(found, Returned)
    assert decode(found.observation) == {"got": 31}
    assert outcome(opened, "of_f") == 4


def test_of_several_overlays_each_replaces_the_one_before(session: Open) -> None:
    head = "from grader.authoring import misconception\n"
    body = "@misconception(exercise='f')\ndef {0}(work):\n    'Hint.'\n    return {{'{1}': lambda x: {2}, 'new': 1}}\n"
    source = head + body.format("f_wrong", "f", -1) + body.format("g_wrong", "g", -2)
    opened = session(F, G)
    checks = [CheckSource(CHECKS, name, "seed") for name in ("of_f", "of_g")]
    found = opened.check(checks, [Overlay(source, "f_wrong"), Overlay(source, "g_wrong")])
    got = [decode(outcome.observation) for outcome in found.outcomes if isinstance(outcome, Returned)]
    assert got == [{"got": n} for n in (-1, outcome(opened, "of_g"), outcome(opened, "of_f"), -2)]
    assert len(found.seconds) == 4


def test_global_random_streams_are_the_same_in_every_session(session: Open) -> None:
    cell = (
        "import random, numpy, torch\n"
        "def f(x): return [random.random(), float(numpy.random.rand()), float(torch.rand(()))]"
    )
    assert outcome(session(cell), "of_f") == outcome(session("x = 1", cell), "of_f")


FORGE = (
    "import os\ndef f(x):\n    from grader.wire import frames\n    import msgspec\n"
    "    from grader.observe.protocol import CheckAnswer\n    from grader.wire.outcome import Missing\n"
    "    body = msgspec.msgpack.encode(CheckAnswer('0' * 32, (Missing('forged'),), (0.0,)))\n"
    "    for fd in range(3, 64):\n        try: frames.send(fd, {'kind': 'answer'}, body)\n"
    "        except Exception: continue\n    return 1"
)


def test_a_forged_answer_on_the_channel_is_no_answer(session: Open) -> None:
    opened = session(FORGE, G)
    assert isinstance(outcome(opened, "of_f"), Stopped)
    assert outcome(opened, "of_g") == 30


def test_too_many_bad_cells_end_the_notebook_and_what_ran_before_is_graded(session: Open) -> None:
    opened = session(F, *["import os; os._exit(1)"] * 8, G)
    assert outcome(opened, "of_f") == 4
    assert opened.ends[10].reason == "not run"
    assert outcome(opened, "of_g") == Missing("g")


def rehearsed(session: Session, name: str) -> object:
    found = session.check([CheckSource(CHECKS, name, "seed")], device="rehearsal").outcomes[0]
    return decode(found.observation)["got"] if isinstance(found, Returned) else found


def test_a_rehearsal_shares_the_notebook_s_process(session: Open) -> None:
    opened = session("import os\ntoken = os.urandom(4).hex()\ndef f(x): return token\ng = f")
    before = outcome(opened, "of_f")
    assert rehearsed(opened, "of_f") == before
    assert outcome(opened, "of_g") == before


def test_what_a_rehearsal_leaves_behind_is_not_there_for_the_checks_after_it(session: Open) -> None:
    opened = session(
        "import os\ndef f(x):\n    open('left', 'w').write('x')\n    return 1\n"
        "def g(x): return [os.path.exists('left'), os.path.exists('made')]",
        "open('made', 'w').write('x')",
    )
    assert rehearsed(opened, "of_f") == 1
    assert outcome(opened, "of_g") == [False, True]


def test_a_rehearsal_that_costs_the_notebook_s_process_costs_no_check(session: Open) -> None:
    opened = session(FORGE, G)
    for _ in range(3):
        assert isinstance(rehearsed(opened, "of_f"), Stopped)
        assert outcome(opened, "of_g") == 30
    assert isinstance(rehearsed(opened, "of_f"), Stopped)
    lost = rehearsed(opened, "of_g")
    assert isinstance(lost, Stopped), "a rehearsal does not run the notebook again"


EXERCISES = (LookExercise("f", ("f",), ("softmax",)),)
USE = "import torch\ndef f(x): return torch.softmax(torch.ones(x), 0)"


def looking(engine: Engine, *cells: str) -> Session:
    made = Session(engine, list(enumerate(cells, start=1)), LIMITS, "seed", looks=EXERCISES)
    made.run_notebook()
    return made


def test_the_source_is_looked_at_before_any_of_it_runs(engine: Engine) -> None:
    with closing(looking(engine, USE, "import os; os._exit(3)")) as session:
        assert session.looks is not None
        assert [each.what for each in session.looks.exercises["f"]] == ["`torch.softmax`"]
        assert session.ends[2].reason == "exit"


def test_a_source_that_ends_the_process_that_looks_at_it_costs_the_notebook_nothing(engine: Engine) -> None:
    # Too deep for a parser that is made to try, and a second's work for one that gives up early: no Python either way.
    with closing(looking(engine, F, "x = " + "-" * 200_000 + "1", G)) as session:
        assert [outcome(session, "of_f"), outcome(session, "of_g")] == [4, 30]
        assert set(session.ends) <= {2}


def test_what_is_found_in_the_source_cannot_be_said_by_the_notebook(engine: Engine) -> None:
    forged = (
        "import socket, sys\n"
        "from grader.wire import frames\n"
        "from grader.looks.model import Looks\n"
        "import msgspec\n"
        "for number in range(3, 64):\n"
        "    try: frames.send(number, {'kind': 'looked'}, msgspec.msgpack.encode(Looks()))\n"
        "    except Exception: pass\n"
    )
    with closing(looking(engine, USE, forged)) as session:
        assert session.looks is not None
        assert session.looks.exercises
        assert session.ends[2].reason == "invalid"


COUNTS = "import os\ncalls = []\ndef f(x): calls.append(x); return [len(calls), os.getpid()]\ng = f"


def seen(session: Session, name: str, **how: bool) -> list[int]:
    found = session.check([CheckSource(CHECKS, name, "seed")], **how).outcomes[0]
    assert isinstance(found, Returned), found
    return list(decode(found.observation)["got"])


def test_a_process_of_checks_is_kept_where_that_is_asked_for(session: Open) -> None:
    open_session = session(COUNTS)
    first, process = seen(open_session, "of_f", stays=True)
    assert (first, seen(open_session, "of_g", goes_on=True)) == (1, [2, process])
    fresh, another = seen(open_session, "of_f", goes_on=True)
    assert fresh == 1
    assert another != process


def test_a_kept_process_ends_where_the_next_checks_do_not_go_on_in_it(session: Open) -> None:
    open_session = session(COUNTS)
    seen(open_session, "of_f", stays=True)
    assert seen(open_session, "of_g")[0] == 1
    assert seen(open_session, "of_g", goes_on=True)[0] == 1


def test_a_kept_process_that_has_ended_meanwhile_costs_the_checks_that_were_to_go_on_in_it(session: Open) -> None:
    leaves = "import os, threading\ndef f(x):\n    threading.Timer(0.1, os._exit, (3,)).start()\n    return x\n" + G
    open_session = session(leaves)
    open_session.check([CheckSource(CHECKS, "of_f", "seed")], stays=True)
    time.sleep(0.4)
    (found,) = open_session.check([CheckSource(CHECKS, "of_g", "seed")], goes_on=True).outcomes
    assert found == Stopped("exit", "the process ended itself with status 3 before the check was done")
    assert outcome(open_session, "of_g") == 30


def test_checks_do_not_go_on_in_a_process_that_has_ended(session: Open) -> None:
    open_session = session("import os\ndef f(x): os._exit(3)\n" + G)
    (found,) = open_session.check([CheckSource(CHECKS, "of_f", "seed")], stays=True).outcomes
    assert found == Stopped("exit", "the process ended itself with status 3 before the check was done")
    (found,) = open_session.check([CheckSource(CHECKS, "of_g", "seed")], goes_on=True).outcomes
    assert isinstance(found, Returned)


def test_a_library_with_a_cache_of_its_own_imports_without_a_word() -> None:
    cell = "import matplotlib.pyplot as plt\nplt.plot([1, 2])"
    with closing(Zygote()) as bare, closing(Session(bare, [(1, cell)], LIMITS, "seed")) as session:
        session.run_notebook()
        assert (session.output, session.ends) == ("", {})
