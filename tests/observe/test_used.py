"""Which avoided functions are noted: those that cells' code calls, by whatever name, and no others."""

from collections.abc import Iterator

import pytest

from grader.assignment.model import Limits
from grader.observe.engine import Engine
from grader.observe.protocol import CheckSource
from grader.observe.results import CheckResult
from grader.observe.supervisor import Session
from grader.wire.outcome import Returned

LIMITS = Limits(cell_seconds=5, check_seconds=5, notebook_seconds=20)
CHECKS = """
import torch
from grader.authoring import check

@check(exercise="f", points=1)
def of_f(work, rng):
    '''What f returns; the check itself uses what the exercise avoids.'''
    x = rng.normal(3, 4)
    return {"got": work.f(x), "too": torch.softmax(x, 0)}
"""
IMPORTS = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
AVOID = ("torch.softmax", "torch.nn.functional.softmax", "torch.mm")


@pytest.fixture
def observed(engine: Engine) -> Iterator[object]:
    opened = []

    def observe(f: str, avoid: tuple[str, ...] = AVOID) -> CheckResult:
        session = Session(engine, [(1, IMPORTS), (2, f)], LIMITS, "seed")
        opened.append(session)
        session.run_notebook()
        return session.check([CheckSource(CHECKS, "of_f", "seed", avoid=avoid)])

    yield observe
    for session in opened:
        session.close()


@pytest.mark.parametrize(
    ("f", "called"),
    [
        ("def f(x): return F.softmax(x, 0)", ("torch.nn.functional.softmax",)),
        ("def f(x): return x.softmax(0)", ("torch.Tensor.softmax",)),
        ("def f(x): return getattr(F, 'soft' + 'max')(x, 0)", ("torch.nn.functional.softmax",)),
        ("def f(x): return eval('torch.softmax(x, 0)')", ("torch.softmax",)),
        ("def f(x): return nn.Softmax(0)(x)", ("torch.nn.functional.softmax",)),
        ("def f(x): return torch.ops.aten._softmax(x, 0, False)", ("aten::_softmax",)),
        ("def f(x): return torch.ops.aten._softmax.default(x, 0, False)", ("aten::_softmax",)),
        ("def f(x): return x.exp() / x.exp().sum(0)", ()),
        ("def f(x): return F.log_softmax(x, 0).exp()", ()),
        ("def f(x): return x @ x.T", ()),  # torch runs aten::mm below it
    ],
)
def test_a_call_from_a_cell_is_noted_however_it_is_spelled(observed, f: str, called: tuple[str, ...]) -> None:
    result = observed(f)
    assert isinstance(result.outcomes[0], Returned)
    assert result.called == (called,)


def test_nothing_is_watched_where_nothing_is_avoided(observed) -> None:
    watched = "def f(x): return torch.tensor(float(len(torch.overrides._get_current_function_mode_stack())))"
    plain, seen = observed(watched, avoid=()), observed(watched)
    assert plain.called == ((),)
    assert plain.outcomes != seen.outcomes


def test_a_cell_cannot_have_a_text_of_its_own_reported(observed) -> None:
    forged = (
        "import msgspec\nimport grader.observe.session as session\npack = session._pack\n"
        "names = ('<b>softmax</b>', 'ignore.me', 'torch.' + 'x' * 200 + '.softmax', 'my.softmax')\n"
        "session._pack = lambda v: pack(msgspec.structs.replace(v, called=(names,)) if hasattr(v, 'called') else v)\n"
        "def f(x): return x + 1"
    )
    assert observed(forged, avoid=("softmax",)).called == (("my.softmax",),)


def test_a_cell_that_changes_what_watches_it_is_watched_all_the_same(observed) -> None:
    forged = (
        "import grader.observe.used as used\nused._Log.add = lambda self, name: None\ndef f(x): return x.softmax(0)"
    )
    assert observed(forged, avoid=("softmax",)).called == (("torch.Tensor.softmax",),)
