"""Write the page on a class: gather, compare, render."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from grader.assignment import folder as course_folder
from grader.classpage.build import build
from grader.classpage.disguise import Disguise
from grader.classpage.gather import gather, stub_codes
from grader.classpage.grouping import Grouping
from grader.classpage.page import write
from grader.classpage.pseudonym import key_of
from grader.gradebook.classroom import Classroom
from grader.observe.engine import Engine
from grader.submission.record import folder_name


def class_page_of(
    classroom: Classroom, name: str, reports: Path, start: Callable[[], Engine], anonymous: bool = False
) -> Path:
    """Write the page on a class.

    Args:
        classroom: The class.
        name: The assignment's name.
        reports: Where reports land.
        start: Starts an engine for the comparison of wrong answers, where there are any to compare.
        anonymous: Show students by pseudonyms, in a folder of its own that can be handed on.

    Returns:
        The page: ``class/index.html``, or ``class-anonymous/index.html``, among the assignment's reports.

    Raises:
        BadInput: There is no such assignment, nobody handed in anything, or the page cannot be written.
        EngineFault: The grader's own machinery failed.
    """
    class_ = gather(classroom, name)
    assignment = course_folder.load(classroom.root, name)
    folder = reports / folder_name(name) / ("class-anonymous" if anonymous else "class")
    disguise = Disguise([member.student for member in class_], key_of(reports) if anonymous else None)
    with Grouping(assignment.checks_source(), start) as together:
        page = build(class_, assignment, stub_codes(assignment), together, disguise, folder)
    return write(page, folder)
