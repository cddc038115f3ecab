import pytest

from grader.verify.mutants import mutants
from grader.verify.operators.registry import OPERATORS


def changes(operator: str, lines: str) -> list[str]:
    """What an operator makes of the body of a function, without the indentation."""
    body = "".join(f"    {line}\n" for line in lines.split("\n"))
    made = mutants(f"def f(x, y, n, w):\n{body}", ["f"])
    return ["\n".join(line.strip() for line in m.after.split("\n")) for m in made if m.operator == operator]


# An operator, the body of a function, and what it makes of it.
TABLE = [
    ("super dropped", "super().__init__(n)", ["pass"]),
    ("parameter to tensor", "w = nn.Parameter(x)", ["w = x"]),
    ("module container to plain one", "w = nn.ModuleList(x)", ["w = list(x)"]),
    ("module container to plain one", "w = nn.ModuleDict(x)", ["w = dict(x)"]),
    ("registration to attribute", "self.register_buffer('mean', x, persistent=False)", ["self.mean = x"]),
    ("registration to attribute", "self.register_parameter('bias', None)", []),
    ("gradient mode dropped", "with torch.no_grad():\n    x.zero_()\n    y = x", ["x.zero_()\ny = x"]),
    ("gradient mode dropped", "with open(n) as w, torch.no_grad():\n    g(w)", ["with open(n) as w:"]),
    ("gradient mode dropped", "@torch.no_grad()\ndef g(): h()\ng()", [""]),
    ("gradient mode dropped", "with open(n) as w:\n    g(w)", []),
    ("dtype", "w = x.to(torch.float32)", ["w = x.to(torch.float64)"]),
    ("dtype", "w = x.long()", ["w = x.int()"]),
    ("dtype", "w = torch.get_default_dtype()", ["w = torch.float64"]),
    ("dtype", "w = np.zeros(n, dtype=np.int64)", ["w = np.zeros(n, dtype=np.int32)"]),
    ("dimension", "w = x.sum(dim=0)", ["w = x.sum(dim=1)"]),
    ("dimension", "w = x.sum(-1)", ["w = x.sum(-2)"]),
    ("dimension", "w = torch.cat(x, 1)", ["w = torch.cat(x, 0)"]),
    ("dimension", "w = x.sum(dim=(0, 2, 3))", [f"w = x.sum(dim=({rest}))" for rest in ("2, 3", "0, 3", "0, 2")]),
    ("dimension", "w = x.squeeze(1)", ["w = x.squeeze(0)", "w = x.squeeze()"]),
    ("dimension", "w = x.transpose(1, 2)", ["w = x.transpose(1, 1)"]),
    ("dimension", "w = min(x, 1)", []),
    ("in place or not", "w = x[0].add_(y)", ["w = x[0].add(y)"]),
    ("in place or not", "w = x.add(y)", ["w = x.add_(y)"]),
    ("in place or not", "x.add_(y)", []),
    ("in place or not", "w = (x + n).add(y)", []),
    ("in place or not", "w = torch.add(x, y)", []),
    ("in place or not", "seen.add(x)", []),
    ("in place or not", "x -= y + 1", ["x = x - (y + 1)"]),
    ("in place or not", "x = x * y", ["x *= y"]),
    ("in place or not", "for p in params:\n    p -= y", ["p = p - y"]),
    ("in place or not", "total = 0\ntotal += n", []),
    ("result detached", "return x * w", ["return (x * w).detach()"]),
    ("result detached", "return x, len(y)", ["return x.detach(), len(y)"]),
    ("result detached", "g(lambda out: out + n)", ["g(lambda out: (out + n).detach())"]),
    ("result detached", "return {'loss': x}", []),
    ("result detached", "return torch.zeros_like(x)", []),
    ("result detached", "losses = []\nlosses.append(x)\nreturn losses", []),
    ("result detached", "w = x * 2\nreturn w, n", ["return w.detach(), n", "return w, n.detach()"]),
    ("result detached", "return x.to(torch.uint8)", []),
    ("view to copy", "return x[:, n]", ["return x[:, n].clone()"]),
    ("view to copy", "w = x.reshape(-1)\nreturn w, n", ["w = x.reshape(-1).clone()"]),
    (
        "view to copy",
        "return x.T if n else x[:1]",
        ["return x.T.clone() if n else x[:1]", "return x.T if n else x[:1].clone()"],
    ),
    ("view to copy", "w = x.reshape(-1)", []),
    ("view to copy", "return (x + y).reshape(-1)", []),
    ("view to copy", "return x + y[0]", []),
    ("method call dropped", "w = x.detach().clone()", ["w = x.detach()", "w = x.clone()"]),
    ("method call dropped", "w += (x + y).item()", ["w += (x + y)"]),
    ("method call dropped", "w = x.contiguous()", ["w = x"]),
    ("method call dropped", "w = model.eval()", ["w = model"]),
    ("method call dropped", "model.eval()", []),
    ("function dropped", "w = copy.deepcopy(x)", ["w = x"]),
    ("function dropped", "w = self.activation(x)", ["w = x"]),
    ("function dropped", "w = tuple(a for a in x)", []),
    ("keyword dropped", "w = f(x, eps=n, k=y)", ["w = f(x, k=y)", "w = f(x, eps=n)"]),
    ("keyword dropped", "w = f(x, keepdim=True, dim=1)", []),
    ("arguments swapped", "w = f(x, y, n)", ["w = f(y, x, n)", "w = f(x, n, y)"]),
    ("arguments swapped", "w = torch.add(x, y)", []),
    ("arguments swapped", "w = f(x, *y)", []),
    ("other function", "w = x.max()", ["w = x.min()"]),
    ("other function", "w = torch.sum(x)", ["w = torch.mean(x)"]),
    ("other function", "w = min(x)", ["w = max(x)"]),
    ("other function", "w = sum(x)", []),
    ("other function", "w = x.reshape(n)", ["w = x.view(n)"]),
    ("other function", "w = x.view(n)", []),
    ("arithmetic", "w = x + y * n", ["w = x - y * n", "w = x + y / n"]),
    ("arithmetic", "w = x @ y", ["w = x * y"]),
    ("arithmetic", "w = n**2", ["w = n*2"]),
    ("arithmetic", "w += n", ["w -= n"]),
    ("arithmetic", "w = 'a' + n", []),
    ("comparison", "w = 0 <= n < y", ["w = 0 < n < y", "w = 0 <= n <= y"]),
    ("comparison", "w = n == y", ["w = n != y"]),
    ("comparison", "w = n in y", ["w = n not in y"]),
    ("comparison", "w = x is None", ["w = x is not None"]),
    ("comparison", "if n == y:\n    g()", []),
    ("comparison", "if n > y:\n    g()", ["if n >= y:"]),
    ("operand dropped", "w = x and y", ["w = x", "w = y"]),
    ("not dropped", "w = not x", ["w = x"]),
    ("minus dropped", "w = -x", ["w = x"]),
    ("minus dropped", "w = -1", []),
    ("condition fixed", "if x:\n    y = n\nelse:\n    y = 1", ["if True:", "if False:"]),
    ("condition fixed", "if x:\n    g()", ["if True:"]),
    ("condition fixed", "if x:\n    raise ValueError", []),
    ("condition fixed", "w = x if n else y", ["w = x", "w = y"]),
    ("condition fixed", "w = [a for a in x if a]", ["w = [a for a in x if True]", "w = [a for a in x if False]"]),
    ("condition fixed", "while x:\n    g()", []),
    ("none to false", "if x is None:\n    y = n", ["if not x:"]),
    ("none to false", "w = x if y is not None else n", ["w = x if y else n"]),
    ("none to false", "w = x is None", []),
    ("slice", "w = x[n:-1]", ["w = x[n + 1:-1]", "w = x[:-1]", "w = x[n:-2]", "w = x[n:]"]),
    ("slice", "w = x[:, ::2]", ["w = x[:, :]"]),
    ("range", "for i in range(n):\n    g(i)", ["for i in range(n - 1):"]),
    ("range", "w = torch.arange(1, n)", ["w = torch.arange(2, n)", "w = torch.arange(1, n - 1)"]),
    ("loop shortened", "for a in x:\n    g(a)", ["for a in list(x)[:-1]:"]),
    ("loop shortened", "w = [g(a) for a in x]", ["w = [g(a) for a in list(x)[:-1]]"]),
    ("loop shortened", "for a in range(n):\n    g(a)", []),
    ("loop shortened", "for a in itertools.count():\n    g(a)", []),
    ("break or continue", "for a in x:\n    break", ["continue"]),
    ("break or continue", "while x:\n    continue", ["break"]),
    ("break or continue", "while x:\n    break", []),
    ("integer", "w = g(0, 3)", ["w = g(1, 3)", "w = g(0, 4)", "w = g(0, 2)"]),
    ("integer", "w = x[-1]", ["w = x[0]", "w = x[-2]"]),
    ("integer", "w = x.reshape(-1)", []),
    ("float", "w = 0.5", ["w = 1.0", "w = 0.25"]),
    ("float", "w = 0.0", ["w = 1.0"]),
    ("infinity", "w = math.inf", ["w = -math.inf"]),
    ("infinity", "w = -math.inf", []),
    ("truth value", "w = x.sum(dim=n, keepdim=True)", ["w = x.sum(dim=n, keepdim=False)"]),
    ("truth value", "w = False", ["w = True"]),
    ("text", "w = 'mean'", ["w = 'mean_'"]),
    ("text", "w = f'{n}/{x:.3f}'", ["w = f'{n}/_{x:.3f}'"]),
    ("text", "w = b''", ["w = b'_'"]),
    ("text", "w = group['lr']", []),
    ("call dropped", "optimizer.zero_grad()", ["pass"]),
    ("update dropped", "w += n", ["pass"]),
    ("update to assignment", "w += n", ["w = n"]),
    ("assignment dropped", "x.grad = None", ["pass"]),
    ("assignment dropped", "x[0] = n", ["pass"]),
    ("assignment dropped", "x = g(x)", ["pass"]),
    ("assignment dropped", "w = x.w", []),
    ("assignment dropped", "def __init__(self):\n    self.x = 1", []),
    ("raise dropped", "if x:\n    raise ValueError('no')", ["pass"]),
    ("other exception", "raise ValueError(f'no {x}')", ["raise Exception(f'no {x}')"]),
    ("steps swapped", "loss.backward()\noptimizer.step()", ["optimizer.step()\nloss.backward()"]),
    ("steps swapped", "x.append(y)\nscheduler.step()", []),
    ("guard dropped", "for a in x:\n    if a:\n        continue\n    g()", ["pass"]),
    ("guard dropped", "if x:\n    return\ng()", ["pass"]),
    ("guard dropped", "assert x, 'no'", ["pass"]),
    ("nothing returned", "return x", ["return None"]),
    ("nothing returned", "return None", []),
]


@pytest.mark.parametrize(("operator", "lines", "after"), TABLE)
def test_an_operator_makes_these_changes(operator, lines, after):
    assert sorted(changes(operator, lines)) == sorted(after)


def test_every_operator_is_in_the_table_with_a_change():
    assert {operator.name for operator in OPERATORS} == {name for name, _, after in TABLE if after}


@pytest.mark.parametrize(
    "lines",
    [
        '"""Docstring of 1 + 2."""',
        "print('text', 1 + 2)",
        "warnings.warn('text', 3)",
        "logger.info('text %d', 3)",
        "import a.b as c",
        "x: list[1] = y",
        "while x < n:\n    x += 1",
        "while x:\n    x.pop()",
    ],
)
def test_these_are_never_changed(lines):
    body = "".join(f"    {line}\n" for line in lines.split("\n"))
    changed = [m.after.strip() for m in mutants(f"def f(x, y, n):\n{body}", ["f"])]
    assert [after for after in changed if not after.startswith("while")] == []


def test_what_an_error_says_is_not_changed_but_whether_it_is_raised_is():
    made = mutants("def f(x):\n    assert x > 0, 'not ' + 'positive'\n    raise KeyError('a' * 3, not x)\n", ["f"])
    assert [m.after.strip() for m in made] == [
        "pass",
        "assert x >= 0, 'not ' + 'positive'",
        "assert x > 1, 'not ' + 'positive'",
        "pass",
        "raise Exception('a' * 3, not x)",
    ]


def test_a_step_stays_changeable_where_another_condition_ends_the_loop():
    made = mutants("def f(n):\n    while n < 9 and n > 0:\n        n += g(n)\n", ["f"])
    assert "update dropped" in {m.operator for m in made}
