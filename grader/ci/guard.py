"""What a student's repository must not decide: by which course it is graded, and which modules Python imports."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from grader.errors import BadInput


def course_beside(course: Path, root: Path, own: bool) -> Path:
    """The course folder, where it is none of the student's.

    Args:
        course: What was named as the course folder.
        root: The repository that is graded.
        own: Whether the repository is the course's own.

    Returns:
        The course folder.

    Raises:
        BadInput: It holds no assignments, or it lies in the repository: then whoever can change the repository
            decides what is right.
    """
    found = course.resolve()
    if not ((found / "assignments").is_dir() or (found / "reference").is_dir()):
        raise BadInput(f"{course} is no course folder: it holds neither assignments/ nor reference/")
    if not own and (found.is_relative_to(root) or Path(os.path.normpath(course.absolute())).is_relative_to(root)):
        raise BadInput(
            f"the course folder {course} lies in the repository that is graded, whose owner could change what grades "
            "it: mount it elsewhere, or say --own-course where this is the course's own repository"
        )
    return found


def refuse_shadows(root: Path, own: bool, places: Sequence[str] | None = None) -> None:
    """Refuse to go on where Python looks for modules in the repository: a torch.py there would run, unconfined.

    Args:
        root: The repository that is graded.
        own: Whether the repository is the course's own.
        places: Where Python looks; that of this process where None.

    Raises:
        BadInput: It does.
    """
    if own:
        return
    for place in sys.path if places is None else places:
        if Path(place or os.curdir).resolve().is_relative_to(root):
            raise BadInput(
                "Python looks for modules in the repository that is graded, so that a file there could pose as one; "
                "start with: python -P -m grader ci (or -I), from a Python that is not in the repository"
            )
