"""No text of a student's is a workflow command, and GitHub is given no more of them than it shows."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from grader.ci.github import MOST_OF_A_KIND, quiet, workflow_commands
from grader.ci.model import Finding, Level

# As Actions' runner reads a line: spaces before a command are skipped, and the older form may stand anywhere.
COMMAND = re.compile(r"\s*::(?P<name>[\w-]+)(?: (?P<properties>.*?))?::(?P<data>.*)", re.DOTALL)
OLDER = re.compile(r"##\[\w+")


def finding(path: str = "hw.ipynb", level: Level = "error", row: int = 3, text: str = "m", title: str = "t") -> Finding:
    return Finding(level, "major", path, row, title, text, "hw.double.check")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner takes it."""
    found = COMMAND.fullmatch(line)
    assert found is not None
    properties = dict(each.split("=", 1) for each in (found["properties"] or "").split(",") if each)

    def plain(text: str) -> str:
        for sign in ("%0D", "%0A", "%3A", "%2C", "%25"):
            text = text.replace(sign, chr(int(sign[1:], 16)))
        return text

    return found["name"], {name: plain(value) for name, value in properties.items()}, plain(found["data"])


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_text_makes_one_command_that_reads_as_it_was(path: str, title: str, text: str) -> None:
    (line,) = workflow_commands([finding(path=path, title=title, text=text)])
    assert not set("\r\n") & set(line)
    name, properties, data = read(line)
    assert (name, properties["line"], set(properties)) == ("error", "3", {"file", "line", "title"})
    if "%" not in path + title + text:
        printable = [each.encode("utf-8", "replace").decode() for each in (path, title, text)]
        assert [properties["file"], properties["title"], data] == printable


def test_what_would_give_another_command_is_text() -> None:
    (line,) = workflow_commands(
        [finding(text="x\n::set-env name=PATH::/evil\r\n::stop-commands::y", title="a,file=b::c")]
    )
    name, properties, data = read(line)
    assert (name, properties["file"], properties["title"]) == ("error", "hw.ipynb", "a,file=b::c")
    assert data.startswith("x\n::set-env")


@given(
    st.lists(st.sampled_from([":", "::", "#", "##[", "error", "]", "\n", "\r", "\u2028", "%"]) | st.text()).map("".join)
)
@example("###[error]##[[x]")
def test_a_quiet_line_is_no_command_wherever_it_is_printed(text: str) -> None:
    made = quiet(text)
    assert len(f"{made}x".splitlines()) == 1
    assert "::" not in made
    assert not OLDER.search(made)


def test_what_is_more_than_github_shows_is_counted() -> None:
    many = [finding(row=row, level=level) for level in ("error", "warning") for row in range(1, 15)]
    lines = list(workflow_commands(many))
    kinds = [read(line)[0] for line in lines]
    assert (kinds.count("error"), kinds.count("warning")) == (MOST_OF_A_KIND, MOST_OF_A_KIND)
    assert lines[-1] == "::notice::8 more findings: see the summary and the reports"


def test_each_place_is_shown_before_any_is_shown_twice() -> None:
    many = [finding(row=1) for _ in range(20)] + [finding(row=2)]
    assert "2" in [read(line)[1].get("line") for line in workflow_commands(many)]
