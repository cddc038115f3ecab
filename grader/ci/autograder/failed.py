"""What Gradescope shows where the grader itself failed: a failed test and words, and no score."""

from __future__ import annotations

import msgspec

WORDS = (
    "This submission could not be graded: the autograder itself failed. The 0 that may be shown is no grade. "
    "Tell the course staff; they see the reason in the autograder's output."
)


def failed_results() -> bytes:
    """A results.json for a submission that was not graded.

    It has no score of its own. Gradescope refuses a file in which nothing has one, so the one test has: 0 of 0.

    Returns:
        The file's bytes: JSON in UTF-8.
    """
    test = {"name": "could not be graded", "score": 0.0, "max_score": 0.0, "status": "failed", "output": WORDS}
    results = {
        "output": WORDS,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [{**test, "output_format": "text", "visibility": "visible"}],
        "extra_data": {"status": "not graded"},
    }
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"
