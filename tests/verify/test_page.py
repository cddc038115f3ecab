"""The page and the Markdown of a verification say what was found, and escape what an author wrote."""

import math

import msgspec
import pytest

from grader.verify.markdown import markdown
from grader.verify.model import ExerciseProof, Finding, Leaf, Proof, Survivor
from grader.verify.page import page
from grader.verify.ruler import ruler

EXERCISE = ExerciseProof(
    id="halve",
    title="Halve <b>",
    points=2.0,
    checks=4,
    hidden_checks=3,
    alternatives=3,
    refused=1,
    misconceptions=7,
    named=27,
    diagnosed=28,
    mutants=9,
    caught=7,
    survivors=(
        Survivor(id="0123456789", operator="arithmetic", diff="-a < b\n+a <= b"),
        Survivor(id="9876543210", operator="slice", diff="-x[:]\n+x", reason="The view is the same."),
    ),
    leaves=(Leaf(check="halved", path="half", noise=0.01, right=0.1, wrong=math.inf, wrong_name="subtracts"),),
)
FINDING = Finding(kind="alternative", exercise="halve", subject="by_hand", message="this right solution fails")
PROOF = Proof(
    assignment="toy",
    title="Toy",
    device="cpu",
    runs=20,
    exercises=(EXERCISE,),
    findings=(FINDING,),
    slow_checks=("halved",),
    grading_seconds=1.25,
    seconds=61.0,
    torch="2.15",
)


def test_the_page_shows_figures_findings_survivors_and_tolerances() -> None:
    html = page(PROOF)
    for text in (
        "not fair",
        "2 / 3",
        "27 / 28",
        "this right solution fails",
        "-a &lt; b",
        "The view is the same.",
        "∞",
    ):
        assert text in html
    assert "Halve &lt;b&gt;" in html
    assert "Halve <b>" not in html
    assert "<script" not in html


def test_an_open_survivor_stands_with_its_change_and_not_among_the_findings_again() -> None:
    finding = Finding(kind="mutants", exercise="halve", subject="0123456789", message="no check notices this")
    html = page(Proof(**{f: getattr(PROOF, f) for f in PROOF.__struct_fields__} | {"findings": (finding,)}))
    assert "no check notices this" not in html
    assert html.count("0123456789") == 1


@pytest.mark.parametrize("distance", [0.0, 1e-9, 0.5, 1.0, 1e9, math.inf])
def test_every_distance_has_its_place_on_the_line(distance: float) -> None:
    svg = str(ruler(Leaf(check="c", path="p", noise=distance, right=distance, wrong=distance, hidden=distance)))
    places = [float(part.split('"')[0]) for part in svg.split('cx="')[1:]]
    assert all(8 <= place <= 352 for place in places)
    assert "nan" not in svg


def test_the_markdown_gives_the_sums_and_what_is_unfair() -> None:
    text = markdown([PROOF, PROOF])
    assert "| toy | **no** | 1 | 4 | 2 / 3 | 7 / 7 | 27 / 28 | 7 / 8 | 1 | 0 | 1.2 s | 61 s |" in text
    assert "| all |  | 2 | 8 | 4 / 6 | 14 / 14 | 54 / 56 | 14 / 16 | 2 | 0 | 2.5 s | 122 s |" in text
    assert "| `halve` | 2 | 4 (3) | 2 / 3 | 7 / 7 | 27 / 28 | 7 / 8 | 1 | 0 |" in text
    assert "- alternative, halve `by_hand`: this right solution fails" in text


def test_the_markdown_names_what_is_not_proven() -> None:
    assert "Not verified since their last change: hw3, hw4." in markdown([PROOF], ["hw3", "hw4"])
    assert "Not verified" not in markdown([PROOF])


def test_what_was_rehearsed_is_told() -> None:
    rehearsed = msgspec.structs.replace(PROOF, rehearsed=2)
    assert "seeds on cpu, 2 of them rehearsed on a simulated GPU, torch" in markdown([rehearsed])
    assert "2 of them rehearsed on a simulated GPU" in page(rehearsed)
    assert "rehearsed" not in markdown([PROOF]) + page(PROOF)


def test_a_proof_of_before_rehearsals_can_be_read() -> None:
    fields = msgspec.to_builtins(PROOF)
    del fields["rehearsed"]
    for exercise in fields["exercises"]:
        del exercise["rehearsed"]
    assert msgspec.convert(fields, type(PROOF)) == PROOF
