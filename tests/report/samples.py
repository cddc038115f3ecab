"""Grades as they occur, and some that should not: what the report's tests look at."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import msgspec
import nbformat
from PIL import Image

from grader.grading.model import (
    CellProblem,
    CheckGrade,
    ExerciseGrade,
    Grade,
    Hint,
    Run,
    Timing,
)
from grader.judge.verdict import Difference, Picture
from grader.looks.model import Look
from grader.wire.outcome import Frame

VERDICTS = (
    *("pass", "fail", "error", "missing", "timeout", "memory"),
    *("output", "crash", "exit", "invalid", "blocked", "not run"),
)
HOSTILE = (
    "<script>document.title='PWNED'</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{7*7}}{% raw %}",
    "</title></style></pre></textarea><svg onload=alert(1)>",
    "javascript:alert(1)",
    "\u202etxt.exe",
    "a\x00b\x1b]0;PWNED\x07\x1b[2J\x9b31m\x08\x7f",
    "x" * 10_000,
    "line1\nline2\rline3\u2028line4",
    "\ud800 lone surrogate",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "z" + "\u0301" * 500,
)
_TIMING = Timing(start_seconds=0.04, notebook_seconds=1.62, checks_seconds=0.84, total_seconds=2.61)
_ENVIRONMENT = {
    "python": "3.11.9",
    "torch": "2.13.0",
    "torchvision": "0.28.0",
    "platform": "Linux x86_64",
    "device": "cpu",
    "grader": "0.1.0",
}
_HOOK_CODE = '''def scale_linear_outputs(model, factor):
    """Scale what every Linear layer of `model` returns, until the handles are removed."""
    handles = []
    for module in model.modules():
        if isinstance(module, nn.Linear):
            # double the output on its way out
            handles.append(module.register_forward_hook(lambda m, i, out: out * 2.0))
    return handles
'''


def png(kind: str, side: int = 28) -> str:
    """A PNG as a data URI: a blurred edge, its noisy version, or the difference."""
    image = Image.new("RGB", (side, side))
    for y in range(side):
        for x in range(side):
            edge = int(255 / (1 + math.exp(-(x - side / 2) / 2)))
            other = int(255 / (1 + math.exp(-(y - side / 2) / 2)))
            colour = {"expected": (edge,) * 3, "got": (other,) * 3, "difference": (abs(edge - other), 20, 40)}
            image.putpixel((x, y), colour[kind])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def images() -> Picture:
    return Picture("images", png("expected"), png("got"), png("difference"))


def curve(steps: int = 60) -> Picture:
    expected = tuple(2.3 * math.exp(-step / 14) + 0.15 for step in range(steps))
    got = tuple(2.3 * math.exp(-step / 45) + 0.15 + 0.04 * math.sin(step) for step in range(steps))
    return Picture("curve", expected_values=expected, got_values=got)


def run(verdict: str = "pass", **fields: Any) -> Run:
    return Run(**{"device": "cpu", "verdict": verdict, "seconds": 0.031, **fields})


def check(name: str = "a_check", verdict: str = "pass", points: float = 3, **fields: Any) -> CheckGrade:
    runs = fields.pop("runs", None) or (run(verdict, **fields.pop("run", {})),)
    earned = points if verdict == "pass" else 0
    defaults = {"visibility": "public", "description": "A forward hook doubles what each Linear layer returns."}
    return CheckGrade(**{"name": name, "points": earned, "max_points": points, "runs": runs, **defaults, **fields})


def exercise(*checks: CheckGrade, **fields: Any) -> ExerciseGrade:
    defaults = {"id": "scale_hook", "title": "Scale with a hook", "code": _HOOK_CODE, "code_cells": (4,)}
    score, worth = sum(each.points for each in checks), sum(each.max_points for each in checks)
    return ExerciseGrade(**{"score": score, "max_score": worth, "checks": checks, **defaults, **fields})


def grade(*exercises: ExerciseGrade, **fields: Any) -> Grade:
    defaults = {
        "assignment": "hw2",
        "title": "Hooks, gradients and a small network",
        "student": "Ada Lovelace",
        "attempt": 2,
        "score": sum(each.score for each in exercises),
        "max_score": sum(each.max_score for each in exercises),
        "devices": ("cpu",),
        "status": "graded",
        "seed": "5f1c-the-seed",
        "submitted_at": "2026-10-12T23:14:05+02:00",
        "submission": "hw2_lovelace.ipynb",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "environment": _ENVIRONMENT,
        "confinement": ("namespaces", "landlock", "seccomp", "rlimits"),
        "timing": _TIMING,
        "exercises": exercises,
    }
    return Grade(**{**defaults, **fields})


def good() -> Grade:
    """Everything passes."""
    first = exercise(
        check("hook_scales_every_linear"),
        check("hooks_are_removed", description="After removing the handles the model is as before."),
        check("works_on_any_depth", visibility="hidden", description="A deeper model works too.", points=2),
    )
    second = exercise(
        check("softmax_rows", description="Every row adds up to one.", points=2),
        check("large_inputs", description="Large inputs do not overflow.", visibility="hidden", points=2),
        id="my_softmax",
        title="A stable softmax",
        code="def my_softmax(x, dim):\n    x = x - x.amax(dim, keepdim=True)\n    e = x.exp()\n"
        "    return e / e.sum(dim, keepdim=True)\n",
        code_cells=(6,),
    )
    return grade(first, second)


def bad() -> Grade:
    """A mixed submission: differences, pictures, curves, an error, a misconception, two devices."""
    hint = Hint("ignores_the_factor", "Your hook multiplies by two whatever it is asked for: where does the factor go?")
    shape = (
        "has shape (5, 2) as expected, but the largest difference is 0.71 at [3, 1]; equal within 1e-5 was expected."
    )
    hook = exercise(
        check(
            "hook_scales_every_linear",
            "fail",
            run={
                "message": f"with hooks: {shape} (and 1 more)",
                "misconception": hint,
                "differences": (
                    Difference("with hooks", "values", shape),
                    Difference(
                        "grads > layers.0.weight",
                        "shape",
                        "has shape (2, 5), expected (5, 2): it looks transposed.",
                    ),
                ),
            },
        ),
        check("hooks_are_removed", description="After removing the handles the model is as before."),
        check(
            "works_on_any_depth",
            "fail",
            visibility="hidden",
            description="A deeper model works too.",
            points=2,
            run={
                "message": "with hooks: the values differ.",
                "differences": (Difference("a", "values", "the values differ."),),
            },
        ),
        misconception=hint,
    )
    blur = exercise(
        check(
            "blur_keeps_edges",
            "fail",
            description="The blurred image is smooth across the edge.",
            run={
                "message": "blurred: it looks transposed.",
                "differences": (Difference("blurred", "values", "it looks transposed.", images()),),
                "output": "kernel: torch.Size([1, 1, 3, 3])\n",
            },
        ),
        check(
            "training_curve",
            "fail",
            description="The loss goes down as fast as the reference's.",
            points=4,
            run={
                "message": "loss: falls more slowly.",
                "differences": (
                    Difference(
                        "loss > every step",
                        "values",
                        "falls from 2.45 to 0.8 in 60 steps, expected 0.18: the learning rate may be applied twice.",
                        curve(),
                    ),
                ),
            },
        ),
        id="blur",
        title="Blur an image, train a network",
        code="def blur(image):\n    return F.conv2d(image, kernel.T, padding=1)\n",
        code_cells=(6, 7),
    )
    frames = (
        Frame(8, 3, "", "loss = step(params, batch)"),
        Frame(7, 12, "step", "grads = torch.autograd.grad(loss, params, create_graph=True)"),
    )
    step = exercise(
        check(
            "step_updates_in_place",
            "error",
            description="One step changes the parameters in place and returns nothing.",
            run={
                "message": "RuntimeError: a leaf Variable that requires grad is being used in an in-place operation.",
                "frames": frames,
            },
        ),
        check(
            "step_on_devices",
            "fail",
            description="The step is the same on every device.",
            runs=(run(), run("fail", device="cuda", seconds=1.2, message="params: are on cpu, expected cuda.")),
            points=2,
        ),
        check(
            "needs_the_step",
            "blocked",
            description="The input is unchanged.",
            points=1,
            run={"message": "needs step_updates_in_place"},
        ),
        id="sgd_step",
        title="One step of gradient descent",
        note="Cell 9 did not run to its end, so what it defines after that line is missing.",
    )
    missing = exercise(
        check(
            "mlp_has_two_layers",
            "missing",
            description="The MLP has two layers.",
            run={"message": "The notebook does not define `MLP`."},
        ),
        id="MLP",
        title="A multilayer perceptron",
        code="",
        code_cells=(),
    )
    return grade(
        hook,
        blur,
        step,
        missing,
        devices=("cpu", "cuda"),
        notices=("The shell line `!pip install einops` in cell 2 was not run: there is no network here.",),
        cells=(
            CellProblem(
                cell=9,
                first_line="model = MLP(4, 8, 2)",
                reason="error",
                error="NameError",
                message="name 'MLP' is not defined",
                frames=(Frame(9, 1, "", "model = MLP(4, 8, 2)"),),
            ),
            CellProblem(cell=10, first_line="train(model)", reason="timeout", message="no answer within 60 s"),
        ),
        output="epoch 1: loss 2.31\nepoch 2: loss 1.87\n",
    )


def needs_a_look() -> Grade:
    """Right values, made in ways that a person should see."""
    use = Look(
        kind="source",
        cell=6,
        line=2,
        what="`F.softmax`",
        why="this exercise is to be written without `torch.nn.functional.softmax`.",
        avoided="torch.nn.functional.softmax",
    )
    named = Look(
        kind="source",
        cell=3,
        line=1,
        what="`getattr` with the name `softmax`",
        why="it takes a function by a text, as one would to hide which one it is.",
    )
    called = Look(
        kind="calls",
        what="`torch.nn.functional.softmax` was called while `softmax_rows` and `large_inputs` ran",
        why="this exercise is to be written without `torch.nn.functional.softmax`; the submission itself says so.",
        avoided="torch.nn.functional.softmax",
    )
    patched = Look(
        kind="source",
        cell=4,
        line=1,
        what="`torch.allclose` is replaced",
        why="whatever runs later, the checks included, gets the changed one.",
    )
    unparsed = Look(
        kind="unparsed",
        cell=7,
        what="cell 7 could not be parsed for the source check",
        why="its text is too long or too deeply nested to be looked at, which no cell written by hand is.",
    )
    first, second = good().exercises
    exercises = (
        msgspec.structs.replace(first, looks=(patched,)),
        msgspec.structs.replace(second, looks=(named, use, called)),
    )
    return grade(*exercises, looks=(unparsed,))


def every_verdict() -> Grade:
    """One exercise whose checks have every verdict there is."""
    checks = tuple(check(f"check_{name.replace(' ', '_')}", name, run={"message": f"says {name}"}) for name in VERDICTS)
    return grade(exercise(*checks))


def crashed() -> Grade:
    """Nothing could be graded."""
    return grade(
        status="crashed",
        reason="Cell 4 ended Python with signal 11 (SIGSEGV). Restart the kernel, run all cells, and see why.",
        cells=(CellProblem(cell=4, first_line="ctypes.string_at(0)", reason="crash", message="signal 11 (SIGSEGV)"),),
        score=0,
        max_score=20,
        confinement=(),
    )


def public() -> Grade:
    """A student's own run: public checks only."""
    full = bad()
    return grade(*full.exercises[:1], scope="public", hidden_checks=4)


def hostile() -> Grade:
    """Hostile text in every field that a submission or its file name can reach."""
    everything = "".join(HOSTILE)
    exercises = tuple(
        exercise(
            check(
                text,
                "error",
                run={
                    "message": text,
                    "output": text,
                    "frames": (Frame(1, 1, text, text),),
                    "differences": (Difference(text, "values", text, Picture("images", text, text, text)),),
                    "misconception": Hint(text, text),
                },
                description=text,
            ),
            title=text,
            id=text,
            code=text,
            note=text,
            misconception=Hint(text, text),
            looks=(Look(kind="source", cell=1, line=1, what=text, why=text, avoided=text),),
        )
        for text in HOSTILE
    )
    return grade(
        *exercises,
        looks=tuple(Look(kind="source", cell=1, line=1, what=text, why=text) for text in HOSTILE),
        student=everything,
        title=everything,
        assignment=everything,
        submission=everything,
        digest=everything,
        submitted_at=everything,
        reason=everything,
        status="timeout",
        notices=HOSTILE,
        output=everything,
        environment={"python": everything, "torch": everything},
        confinement=HOSTILE,
        cells=tuple(CellProblem(cell=1, first_line=text, reason=text, error=text, message=text) for text in HOSTILE),
    )


def notebook() -> nbformat.NotebookNode:
    """An ordinary notebook with markdown, outputs and a picture."""
    new = nbformat.v4
    picture = png("got").partition(",")[2]
    cells = [
        new.new_markdown_cell(
            "# Homework 2\nScale by **two**: $y = 2x$.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [docs](https://pytorch.org)"
        ),
        *(new.new_code_cell(f"x{i} = {i}", execution_count=i) for i in range(1, 4)),
        new.new_code_cell(_HOOK_CODE, outputs=[new.new_output("stream", text="epoch 1\nepoch 2\n")]),
        new.new_code_cell(
            "plt.imshow(x)", outputs=[new.new_output("display_data", {"image/png": picture, "text/plain": "<Figure>"})]
        ),
        new.new_code_cell(
            "table",
            outputs=[new.new_output("execute_result", {"text/html": "<table></table>", "text/plain": "a  b\n1  2"})],
        ),
        new.new_code_cell(
            "1 / 0", outputs=[new.new_output("error", ename="ZeroDivisionError", evalue="division by zero")]
        ),
        new.new_code_cell("step(params, batch)"),
        new.new_code_cell("model = MLP(4, 8, 2)"),
    ]
    return new.new_notebook(cells=cells)


ALL = (good, bad, needs_a_look, every_verdict, crashed, public, hostile)
