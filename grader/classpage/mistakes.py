"""The misconceptions of a class: how many have each, its hint, and what it looks like in one student's code."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from grader.classpage.model import Member


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One misconception.

    Attributes:
        name: Its name.
        exercise: The exercise's id.
        title: The exercise's title.
        hint: What its author says to who has it.
        members: Places in the class of the students who have it.
    """

    name: str
    exercise: str
    title: str
    hint: str
    members: tuple[int, ...]


def mistakes(class_: Sequence[Member]) -> list[Mistake]:
    """Count the misconceptions of a class, each once a student.

    Args:
        class_: The class.

    Returns:
        The misconceptions that anybody was recognised by, the most common first.
    """
    found: dict[tuple[str, str], Mistake] = {}
    for place, member in enumerate(class_):
        for exercise in member.work.exercises if member.work else ():
            for name, hint in exercise.hints.items():
                blank = Mistake(name=name, exercise=exercise.id, title=exercise.title, hint=hint.hint, members=())
                known = found.get((exercise.id, name), blank)
                found[exercise.id, name] = msgspec.structs.replace(known, members=(*known.members, place))
    return sorted(found.values(), key=lambda mistake: -len(mistake.members))


def sample(class_: Sequence[Member], members: Sequence[int], exercise: str) -> tuple[int, str]:
    """Choose one student's code for an exercise to show: the shortest there is, which shows the most.

    Args:
        class_: The class.
        members: Places of the students to choose from.
        exercise: The exercise's id.

    Returns:
        Whose it is, as a place in the class, and the code; "" where none of them has any.
    """
    codes = [(place, code_of(class_[place], exercise)) for place in members]
    return min((each for each in codes if each[1].strip()), key=lambda each: len(each[1]), default=codes[0])


def code_of(member: Member, exercise: str) -> str:
    """A student's code for an exercise; "" where there is none."""
    exercises = member.work.exercises if member.work else ()
    return next((each.code for each in exercises if each.id == exercise), "")
