"""A check returns data: verdicts that it computes from data are found, facts are left alone."""

import pytest
from support.proof import COURSE, NAMES

from grader.authoring.forgeable import forgeable, inside_judges

HEAD = "import torch\nimport numpy as np\nfrom grader.authoring import check\n"


def found(body: str, helpers: str = "") -> list[str]:
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"{HEAD}{helpers}\n@check(exercise='f', points=1)\ndef the_check(work, rng):\n{indented}"
    return [verdict.what for verdict in forgeable(source)]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("x = rng.normal(3)\nreturn {'same': torch.equal(work.f(x), x)}", "torch.equal(work.f(x), x)"),
        ("x = rng.normal(3)\nreturn torch.allclose(work.f(x), x)", "torch.allclose(work.f(x), x)"),
        ("x = rng.normal(3)\nreturn work.f(x).allclose(x)", "work.f(x).allclose(x)"),
        ("x = rng.normal(3)\nreturn bool((work.f(x) == x).all())", "(work.f(x) == x).all()"),
        ("x = rng.normal(3)\nreturn work.f(x).eq(x).all().item()", "work.f(x).eq(x).all()"),
        ("x = rng.normal(3)\nreturn torch.all(work.f(x) == x)", "torch.all(work.f(x) == x)"),
        ("x = rng.normal(3)\nreturn {'x': work.f(x) == x}", "work.f(x) == x"),
        ("return {'x': work.f(2) == 4}", "work.f(2) == 4"),
        ("return {'small': work.f(2).abs().max() < 1e-6}", "work.f(2).abs().max() < 1e-06"),
        ("return {'finite': torch.isfinite(work.f(2)).all()}", "torch.isfinite(work.f(2)).all()"),
        ("y = work.f(2)\nreturn {'not': not torch.equal(y, y)}", "torch.equal(y, y)"),
        ("y = work.f(2)\nreturn [1, (y.sum() > 0 and y.max() < 1)]", "y.sum() > 0"),
        ("y = work.f(2)\nsame = torch.equal(y, y)\nreturn {'same': same}", "torch.equal(y, y)"),
        ("y = work.f(2)\nfacts = {}\nfacts['a'] = torch.equal(y, y)\nreturn facts", "torch.equal(y, y)"),
        ("y = work.f(2)\nfacts = {}\nfacts |= {'a': y == 3}\nreturn facts", "y == 3"),
        ("all_ = []\nfor i in range(3):\n    all_.append(bool(work.f(i) == i))\nreturn all_", "work.f(i) == i"),
        ("y = work.f(2)\nreturn 'right' if torch.equal(y, y) else 'wrong'", "torch.equal(y, y)"),
        ("y = work.f(2)\nreturn f'same: {torch.equal(y, y)}'", "torch.equal(y, y)"),
        ("a, b = work.f(2), work.f(3)\nreturn np.array_equal(a, b)", "np.array_equal(a, b)"),
        ("m = work.f(2)\nreturn [n for n, p in m.items() if not torch.equal(p, m[n])]", "torch.equal(p, m[n])"),
        ("m = work.f(2)\nreturn {n: (p == 0).any() for n, p in m.items()}", "(p == 0).any()"),
        ("with work.f(2) as store:\n    pass\nreturn store['a'] == 1", "store['a'] == 1"),
        ("def inner(x):\n    return x\nreturn all(torch.equal(y, y) for y in work.f(inner))", "torch.equal(y, y)"),
    ],
)
def test_a_verdict_on_data_is_found_wherever_it_hides(body: str, what: str) -> None:
    assert what in found(body)


@pytest.mark.parametrize(
    "body",
    [
        "m = work.f(2)\nreturn {'training': m.training, 'requires grad': m.weight.requires_grad}",
        "m = work.f(2)\nreturn {'returned the model': m is m, 'no bias': m.bias is None, 'has a': 'a' in m.table}",
        "m = work.f(2)\nreturn 'the model' if m is work else type(m).__name__",
        "y = work.f(2)\nreturn {'length': len(y) == 3, 'shape': y.shape == (2, 3), 'rows': y.shape[0] > 1}",
        "y = work.f(2)\nreturn {'type': isinstance(y, list), 'dtype': y.dtype == torch.float32, 'dims': y.dim() == 2}",
        "m = work.f(2)\nbefore = dict(m.named_parameters())\nreturn [n for n, p in m.items() if p is before.get(n)]",
        "m = work.f(2)\nreturn [n for n, p in m.items() if p.requires_grad]",
        "m = work.f(2)\nreturn any(p.grad_fn is not None for p in m)",
        "s = work.f(2)\nreturn {'with replacement': bool(s.replacement), 'number': int(s.num_samples)}",
        "equal = work.f(2)\nreturn {'equal widths': equal(rng.normal(2))}",
        "x = rng.normal(3)\ny = work.f(x)\nif torch.equal(x, y):\n    x = x + 1\nreturn {'y': y, 'x': x}",
        "seen = []\nwork.f(lambda x: seen.append(x == 1))\nreturn {'calls': len(seen)}",
        "return {'mine': 2 > 1, 'a': sorted([3, 1]) == [1, 3]}",
        "y = work.f(2)\nreturn {'flag': y == 'yes'}  # fact: a word, not a tensor",
        "x = rng.normal(3)\nreturn {'largest difference': (work.f(x) - x).abs().max()}",
    ],
)
def test_facts_and_data_are_left_alone(body: str) -> None:
    assert found(body) == []


def test_a_verdict_in_a_helper_is_found_at_its_own_line_once() -> None:
    helpers = "def same(a, b):\n    return {'same': bool((a == b).all())}\n\ndef unused(a):\n    return a == 1\n"
    source = (
        f"{HEAD}{helpers}\n"
        "@check(exercise='f', points=1)\ndef one(work, rng):\n    return same(work.f(1), rng.normal(2))\n\n"
        "@check(exercise='f', points=1)\ndef two(work, rng):\n    return {'x': same(work.f(2), rng.normal(2))}\n"
    )
    (verdict,) = forgeable(source)
    assert (verdict.line, verdict.check, verdict.what) == (5, "one", "(a == b).all()")
    assert verdict.instead == ("a", "b")


@pytest.mark.parametrize(
    ("verdict", "instead"),
    [
        ("torch.equal(work.f(1), work.g(2))", ("work.f(1)", "work.g(2)")),
        ("bool((work.f(1) == 3).all())", ("work.f(1)",)),
        ("work.f(1).eq(rng.normal(2)).all()", ("work.f(1)", "rng.normal(2)")),
    ],
)
def test_it_says_what_to_return_instead(verdict: str, instead: tuple[str, ...]) -> None:
    (only,) = forgeable(f"{HEAD}@check()\ndef c(work, rng):\n    return {verdict}\n")
    assert only.instead == instead


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_checks_return_data(name: str) -> None:
    assert forgeable((COURSE / "reference" / name / "checks.py").read_text()) == ()


def test_checks_that_run_a_test_of_their_own_are_named():
    head = "from grader.authoring import asserted, check, printed\n"
    one = "@check(exercise='f', points=1)\ndef one(work, rng):\n    return asserted('assert f', work)\n"
    two = "@check(exercise='f', points=1)\ndef two(work, rng):\n    return {n: printed(c, work) for n, c in CODES}\n"
    three = "@check(exercise='f', points=1)\ndef three(work, rng):\n    return work.f(1)\n"
    assert inside_judges(head + one + three + two) == ("one", "two")
    assert inside_judges(head + three) == ()
