"""The page: what it says, that nothing a student wrote is more than text in it, and who may read it."""

import base64
import hashlib
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from support.members import exercise, member, work
from support.similarity import essay

from grader.assignment.folder import Assignment
from grader.classpage.build import build
from grader.classpage.disguise import Disguise
from grader.classpage.page import render, strip, write
from grader.classpage.view import First, Page
from grader.errors import BadInput
from grader.grading.model import Hint


class _Read(HTMLParser):
    """The text of a page, its elements, and the addresses in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags, self.addresses = "", [], []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("href", "src") and value]
        assert not [name for name, _ in attributes if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def folded(text: str) -> str:
    return " ".join(text.split())


def test_it_says_how_the_class_did(page: Page) -> None:
    text = folded(_Read(render(page)).text)
    for said in (
        "students 6 graded 4 late 1 unreadable 1 foreign 0 missing 1 need a look 1",
        "5 students: mean 2, median 2, from 0 to 4 of 8 points.",
        "A 75 % 3 / 4 – 0.09 B 25 % 1.25 / 4 1 0.09",
        "100 % student-one and student-two",
        "2 values differ by 2 B · runs",
        "python -m grader misconception hw2 --from",
        "time limit student four",
    ):
        assert said in text, said


def test_what_the_page_cannot_know_is_said(page: Page) -> None:
    text = folded(_Read(render(msgspec.structs.replace(page, unseen=2, seeds=3))).text)
    assert "Of 2 students the file observations.bin is not where the gradebook says" in text
    assert "The class was graded with 3 seeds." in text
    assert "observations.bin" not in render(page)


def test_a_page_on_hundreds_stays_small(assignment: Assignment, tmp_path: Path) -> None:
    hint = Hint("a_name", "A hint of the usual length, which says what to look at and gives nothing away.")
    class_ = [
        member(
            f"student{n:03}",
            work(
                exercise("a", 4.0 * (n % 2), essay(n), "pass" if n % 2 else "fail", hint=None if n % 3 else hint),
                exercise("b", 0.0, essay(n // 2, lines=60), "timeout", "still running at the time limit"),
            ),
            folder=tmp_path,
        )
        for n in range(300)
    ]
    html = render(build(class_, assignment, {}, lambda works: (), Disguise([]), tmp_path))
    assert html.count("<tr>") > 300
    assert len(html.encode()) < 1_000_000


def test_one_script_runs_and_the_policy_names_it_by_its_hash(page: Page) -> None:
    html = render(page)
    assert _Read(html).tags.count("script") == 1
    script = html.split("<script>")[1].split("</script>")[0]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'")
    assert "unsafe" not in policy[1]


def test_what_students_write_is_text(page: Page) -> None:
    html = render(page)
    read = _Read(html)
    assert "alert('PWNED')</script>" not in html
    assert "\u202e" not in html
    assert "⟨U+202E⟩" in read.text
    assert "{{ 7 * 7 }}" in read.text


def test_links_lead_from_the_page_to_the_reports(page: Page, reports: Path) -> None:
    links = {each for each in _Read(render(page)).addresses if not each.startswith(("#", "data:"))}
    assert links == {f"../folder%20{place}/attempt-1/report.html" for place in range(5)}
    assert (reports / "class" / "../folder 0/attempt-1").resolve().is_dir()


def test_the_same_class_gives_the_same_page(page: Page) -> None:
    assert render(page) == render(page)


def test_the_anonymous_page_names_nobody(anonymous: Page) -> None:
    html = render(anonymous)
    read = _Read(html)
    assert "student-" not in html
    assert "student four" not in html
    assert "folder" not in html
    assert {each[0] for each in read.addresses} <= {"#", "d"}
    assert len(set(re.findall(r"s-[a-z2-7]{8}", read.text))) == 6
    assert "hw2.ipynb" not in html  # a file's name often is a student's


def test_only_this_account_may_read_it(page: Page, tmp_path: Path) -> None:
    path = write(page, tmp_path / "reports" / "class")
    write(page, path.parent)
    assert path.name == "index.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["index.html"]


def test_a_folder_that_cannot_be_written_is_said(page: Page, tmp_path: Path) -> None:
    (tmp_path / "class").write_text("a file")
    with pytest.raises(BadInput, match="class: the class page cannot be written there"):
        write(page, tmp_path / "class")


def test_an_empty_class_has_a_page_too(page: Page) -> None:
    nobody = msgspec.structs.replace(page, points=(), bins=(), exercises=(), mistakes=First(), clusters=First())
    text = _Read(
        render(msgspec.structs.replace(nobody, pairs=First(), stops=First(), slowest=(), devices=(), rows=()))
    ).text
    assert "Nobody has points that count." in text
    assert "No notebook could be graded." in text


def test_a_strip_has_a_square_for_each_exercise() -> None:
    assert strip([1, 0.5, 0, 1]) == (
        '<path class="strip-all" d="M0 1h10v10h-10zM36 1h10v10h-10z"/>'
        '<path class="strip-some" d="M12 1h10v10h-10z"/>'
        '<path class="strip-none" d="M24 1h10v10h-10z"/>'
    )
    assert strip([]) == ""
