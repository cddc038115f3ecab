"""grader: the course-homework autograder for PyTorch. Observe inside, judge outside.

In a notebook, ``import grader; grader.check("exercise")`` runs the public checks of one exercise.
"""

from typing import Any

__version__ = "0.1.0"


def check(exercise: str) -> Any:
    """Run the public checks of one exercise on what this notebook has defined, and show how it went.

    Args:
        exercise: The exercise's id, as in the notebook.

    Returns:
        An object that Jupyter shows as coloured HTML and a terminal as text.
    """
    from grader.live import check_here

    return check_here(exercise)
