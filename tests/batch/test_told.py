"""What is told of times changes the gradebook once, and never what a person has decided since."""

from datetime import UTC, datetime, timedelta

from grader.batch.told import Came, Told, extensions, joined, news
from grader.gradebook.events import Arrived, Event, Extension
from grader.gradebook.marks import Marks
from grader.grading.model import Arrival
from grader.roll.roster import Enrolled, Roster

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def marks(arrival: Arrival, attempt: int = 1, digest: str = "d", handed_in: datetime | None = None) -> Marks:
    return Marks(
        student="ada", attempt=attempt, score=1, max_score=1, arrival=arrival, handed_in=handed_in, digest=digest
    )


def came(arrival: Arrival, handed_in: datetime | None = None, by_hand: bool = False) -> Told:
    one = Came(digest="d", students=("ada",), arrival=arrival, handed_in=handed_in, by_hand=by_hand)
    return Told(at=NOW, came=(one,))


def until(end: datetime | None) -> Told:
    return Told(at=NOW, until={"ada": end})


def extension(end: datetime | None, by: str = "ta") -> Extension:
    return Extension(assignment="hw2", student="ada", by=by, at=NOW, reason="ill", until=end)


def told(what: Told, *marks: Marks, events: tuple[Event, ...] = ()) -> list[Event]:
    new = news(what, "hw2", marks, events)
    assert news(what, "hw2", marks, (*events, *new)) == [], "what is known is not told again"
    return new


def test_more_is_told_and_never_less() -> None:
    (event,) = told(came("late"), marks("unknown"))
    assert isinstance(event, Arrived)
    assert (event.attempt, event.arrival, event.by) == (1, "late", "platform")
    assert len(told(came("timed", NOW), marks("late"))) == 1
    assert told(came("unknown"), marks("late")) == []
    assert told(came("timed", NOW + DAY), marks("timed", handed_in=NOW)) == [], "the same work handed in once more"


def test_what_was_told_once_stays_told_of_the_same_work() -> None:
    nothing = came("unknown")
    assert joined(nothing, None) == nothing
    assert joined(nothing, came("timed", NOW, by_hand=True)).came == came("timed", NOW, by_hand=True).came
    assert joined(came("timed", NOW + DAY), came("timed", NOW)).came[0].handed_in == NOW + DAY, "the newest word"
    other = Came(digest="other", students=("ada",), arrival="unknown")
    assert joined(Told(at=NOW, came=(other,)), came("late")).came == (other,)


def test_a_table_of_the_instructors_corrects_what_is_known() -> None:
    (event,) = told(came("timed", NOW + DAY, by_hand=True), marks("timed", handed_in=NOW))
    assert isinstance(event, Arrived)
    assert (event.handed_in, event.by) == (NOW + DAY, "instructor")


def test_a_time_belongs_to_the_newest_attempt_with_that_work() -> None:
    attempts = marks("unknown", 1), marks("unknown", 2), marks("unknown", 3, digest="other")
    assert [event.attempt for event in told(came("late"), *attempts) if isinstance(event, Arrived)] == [2]
    assert told(came("late"), marks("unknown", digest="other")) == []


def test_the_rosters_extension_is_given_changed_and_taken_back() -> None:
    (first,) = told(until(NOW))
    assert isinstance(first, Extension)
    assert (first.until, first.by) == (NOW, "roster")
    (second,) = told(until(NOW + DAY), events=(first,))
    (third,) = told(until(None), events=(first, second))
    assert isinstance(third, Extension)
    assert third.until is None
    assert told(until(None)) == []


def test_what_a_person_decided_since_stands() -> None:
    roster, person = extension(NOW, by="roster"), extension(NOW + DAY)
    assert told(until(NOW), events=(roster, person)) == []
    assert told(until(None), events=(roster, person)) == []
    assert told(until(None), events=(person,)) == []


def test_an_extension_ends_where_the_roster_says() -> None:
    roster = Roster((Enrolled("ada", extension=2.0), Enrolled("bob"), Enrolled("cy", extension=0.0)))
    assert extensions(roster, NOW) == {"ada": NOW + 2 * DAY, "bob": None, "cy": None}
    assert extensions(roster, None) == {"ada": None, "bob": None, "cy": None}
    assert extensions(None, NOW) == {}
