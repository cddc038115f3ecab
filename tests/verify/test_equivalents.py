import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.assignment.errors import BadAssignment
from grader.verify.equivalents import Equivalent, paste, read_equivalents, stale, unmarked
from grader.verify.mutants import Mutant

ENTRY = '[[equivalent]]\nid = "00c0ffee00"\nexercise = "mlp"\nreason = "Both add nothing."\n'
MUTANT = Mutant(
    id="00c0ffee00", operator="arithmetic", line=2, before="    return x + 0", after="    return x - 0", source="…"
)


@pytest.fixture
def folder(tmp_path):
    reference = tmp_path / "reference" / "hw2"
    reference.mkdir(parents=True)
    return reference


def test_entries_are_read_in_their_order(folder):
    second = ENTRY.replace("00c0ffee00", "0123456789").replace("Both add nothing.", " So. ")
    (folder / "equivalents.toml").write_text(f"# Looked at in May.\n{ENTRY}{second}")
    assert read_equivalents(folder) == (
        Equivalent(id="00c0ffee00", exercise="mlp", reason="Both add nothing."),
        Equivalent(id="0123456789", exercise="mlp", reason="So."),
    )


def test_no_file_is_no_entry(folder):
    assert read_equivalents(folder) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id = ", "is not TOML"),
        ("a = 1", "a is no known key; all entries are tables [[equivalent]]"),
        ("[equivalent]", "equivalent must be tables, each under [[equivalent]] with two brackets"),
        ("equivalent = [1]", "equivalent must be tables, each under [[equivalent]] with two brackets"),
        (ENTRY.replace("reason", "reasons"), "equivalent[1].reasons is no known key; did you mean reason?"),
        (ENTRY + "line = 3", "equivalent[1].line is no known key; the keys here are id, exercise, reason"),
        (
            '[[equivalent]]\nid = "0123456789"',
            "equivalent[1].exercise is missing; it must be the id of the mutant's ex",
        ),
        (
            ENTRY.replace("c0ffee", "COFFEE"),
            "equivalent[1].id must be a mutant's id as verify shows it, 10 of the digits",
        ),
        (ENTRY.replace('"00c0ffee00"', "3"), "digits 0-9a-f, got 3"),
        (
            ENTRY.replace("Both add nothing.", " "),
            "equivalent[1].reason must be one sentence, on one line, that says why",
        ),
        (
            ENTRY.replace("Both add", "Both\\nadd"),
            "equivalent[1].reason must be one sentence, on one line, that says why",
        ),
        (
            ENTRY + ENTRY.replace("Both", "They"),
            "equivalent[2] has the id 00c0ffee00 of equivalent[1]; leave one of them out",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(folder, text, message):
    (folder / "equivalents.toml").write_text(text)
    with pytest.raises(BadAssignment) as caught:
        read_equivalents(folder)
    assert str(caught.value).startswith("reference/hw2/equivalents.toml: ")
    assert message in str(caught.value)


def test_bytes_that_are_no_text_are_no_toml(folder):
    (folder / "equivalents.toml").write_bytes(b"\xff")
    with pytest.raises(BadAssignment, match=r"reference/hw2/equivalents\.toml: is not TOML"):
        read_equivalents(folder)


def entry(id, exercise):
    return Equivalent(id=id, exercise=exercise, reason="So.")


def test_entries_without_a_mutant_in_their_exercise_are_stale():
    entries = [entry("00c0ffee00", "mlp"), entry("0123456789", "mlp"), entry("00c0ffee00", "chain"), entry("0", "gone")]
    assert stale(entries, {"mlp": [MUTANT], "chain": []}) == tuple(entries[1:])


def test_mutants_that_an_entry_calls_equivalent_are_told_from_others():
    assert unmarked("mlp", [MUTANT], [entry("00c0ffee00", "mlp")]) == ()
    assert unmarked("mlp", [MUTANT], [entry("00c0ffee00", "chain")]) == (MUTANT,)


def test_what_is_pasted_is_an_entry_once_a_person_has_given_the_reason(folder):
    text = paste({"mlp": [MUTANT], "chain": []})
    file = folder / "equivalents.toml"
    file.write_text(text)
    with pytest.raises(BadAssignment, match=r"equivalent\[1\]\.reason must be one sentence"):
        read_equivalents(folder)
    file.write_text(text.replace('reason = ""', 'reason = "Both add nothing."'))
    assert read_equivalents(folder) == (Equivalent(id="00c0ffee00", exercise="mlp", reason="Both add nothing."),)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_what_is_pasted_is_toml_whatever_the_code_holds(before, after):
    mutant = Mutant(id="00c0ffee00", operator="text", line=1, before=before, after=after, source="")
    read = tomllib.loads(paste({"mlp": [mutant, mutant]}))
    assert read == {"equivalent": [{"id": "00c0ffee00", "exercise": "mlp", "reason": ""}] * 2}
