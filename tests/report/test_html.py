"""The page: whole, well formed, quiet, and the same for the same grade."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import msgspec
import pytest

from grader.report.html import render, write
from grader.report.notebook import notebook_html

SAMPLES = ("good", "bad", "every_verdict", "crashed", "public", "hostile")
VOID = {"meta", "link", "br", "hr", "img", "input", "circle", "rect", "line", "path"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and whether every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def pages(samples):
    shown = notebook_html(samples.notebook())
    return {name: render(getattr(samples, name)(), "student", shown) for name in SAMPLES}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_tag_is_closed_in_order(pages, name) -> None:
    page = Page(pages[name])
    assert page.faults == []
    assert page.stack == []


@pytest.mark.parametrize("name", SAMPLES)
def test_a_report_holds_no_script_and_loads_nothing(pages, name) -> None:
    for tag, attributes in Page(pages[name]).tags:
        assert tag not in {"script", "iframe", "object", "embed", "form", "base", "audio", "video", "foreignobject"}
        assert not [key for key in attributes if key.startswith("on") or key in ("style", "srcset", "ping", "srcdoc")]
        assert (attributes.get("src") or "data:image/png;base64,").startswith("data:image/png;base64,")
        link = attributes.get("href")
        assert link is None or link.startswith("#") or link == "data:," or tag == "a"
    style = re.search(r"<style>(.*?)</style>", pages[name], re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("name", SAMPLES)
def test_ids_are_unique_and_every_anchor_leads_somewhere(pages, name) -> None:
    tags = Page(pages[name]).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    links = {attributes["href"][1:] for _, attributes in tags if (attributes.get("href") or "").startswith("#")}
    assert len(ids) == len(set(ids))
    assert links <= set(ids)


def test_the_policy_allows_exactly_this_style(pages) -> None:
    style = re.search(r"<style>(.*?)</style>", pages["good"], re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [a["content"] for t, a in Page(pages["good"]).tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert policies[0].startswith(f"default-src 'none'; img-src data:; style-src 'sha256-{digest}';")


def test_hostile_text_is_only_text(pages) -> None:
    page = Page(pages["hostile"])
    text = "".join(page.text)
    assert "<script>document.title='PWNED'</script>" in text
    assert "{{7*7}}{% raw %}" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ud800-\udfff]", pages["hostile"])
    assert "⟨U+202E⟩" in text


def test_huge_texts_are_cut(samples) -> None:
    check = samples.check(verdict="error", run={"message": "m" * 10_000, "output": "o" * 1_000_000})
    page = render(samples.grade(samples.exercise(check, code="c" * 1_000_000), output="p" * 1_000_000), "student")
    assert len(page) < 150_000
    assert "more characters)" in page


def test_the_same_grade_gives_the_same_page(samples) -> None:
    assert render(samples.bad(), "student") == render(samples.bad(), "student")


def test_every_verdict_is_a_symbol_and_a_word(samples) -> None:
    text = "".join(Page(render(samples.every_verdict(), "student")).text)
    for word in ("✓1pass", "✗1fail", "!1error", "?1missing", "!1time limit", "!1memory limit", "–1not run"):
        assert word in text
    assert "look for a loop that never ends" in text


def test_a_report_says_who_what_and_how_much(pages) -> None:
    text = " ".join("".join(Page(pages["bad"]).text).split())
    for words in (
        *("Hooks, gradients and a small network", "Ada Lovelace", "attempt 2", "12 Oct 2026, 23:14 (UTC+02:00)"),
        *("2 cells did not run to the end", "name 'MLP' is not defined", "where does the factor go?"),
        *("it looks transposed.", "in step", "namespaces; landlock; seccomp; rlimits", "2.6 s in all"),
        *("The notebook does not define MLP.", "params: are on cpu, expected cuda.", "2.13.0"),
    ):
        assert words in text


def test_passing_checks_are_folded_and_failing_ones_open(samples) -> None:
    page = render(samples.grade(samples.exercise(samples.check(), samples.check("b", "fail"))), "student")
    folds = re.findall(r'<li class="g-check">\s*<details( open)?>', page)
    assert folds == ["", " open"]


def test_a_public_run_says_that_it_is_not_the_grade(pages) -> None:
    assert "Public checks only." in pages["public"]
    assert "4 hidden checks run at grading" in pages["public"]
    assert "Public checks only." not in pages["good"]


def test_what_could_not_be_graded_comes_first_with_what_to_do(pages, samples) -> None:
    assert "Restart the kernel, run all cells" in pages["crashed"]
    for status in ("unreadable", "timeout", "memory", "output", "foreign"):
        page = render(samples.grade(status=status), "student")
        assert page.index(f"not graded · {status}") < page.index("What was run")
        assert re.search(r"hand (it in|in|that in)", page)


def test_an_unconfined_run_says_so(pages) -> None:
    assert "the code ran unconfined" in pages["crashed"]


def test_curves_and_pictures_stand_side_by_side(pages) -> None:
    tags = Page(pages["bad"]).tags
    assert [a["alt"] for t, a in tags if t == "img"][:3] == ["expected", "got", "difference"]
    assert "Expected: 60 values from 2.45 to" in pages["bad"]


def test_write_makes_both_editions_of_a_full_grade_and_one_of_a_public_one(samples, tmp_path) -> None:
    both = write(samples.good(), tmp_path / "full", notebook_html(samples.notebook()))
    one = write(samples.public(), tmp_path / "public")
    assert [path.name for path in both] == ["report.html", "instructor.html"]
    assert [path.name for path in one] == ["report.html"]
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["instructor.html", "report.html"]
    assert "doubles" in both[0].read_text("utf-8")


def test_a_failed_write_leaves_the_old_report_and_no_draft(samples, tmp_path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OSError):
        write(samples.public(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1])
def test_colours_keep_the_contrast_that_reading_needs(pages, theme) -> None:
    found = re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", pages["good"])
    colours = dict(found) if theme else dict(reversed(found))
    pairs = [(name, f"{name}-bg") for name in ("good", "bad", "stop", "idle")]
    pairs += [(text, ground) for text in ("ink", "quiet", "accent") for ground in ("paper", "card", "well", "hint-bg")]
    pairs += [("ink", "stop-bg"), ("stop", "stop-bg")]
    pairs += [(f"t-{name}", "well") for name in ("keyword", "string", "number", "comment", "name")]
    for text, ground in pairs:
        one, other = sorted((_luminance(colours[text]), _luminance(colours[ground])))
        assert (other + 0.05) / (one + 0.05) >= 4.5, (text, ground)


def test_a_hand_in_time_that_nobody_knows_is_said(samples) -> None:
    late = msgspec.structs.replace(samples.good(), arrival="late")
    assert "hand-in time unknown, marked late" in render(late, "student")
    assert "hand-in time unknown" not in render(samples.good(), "student")


def test_devices_stand_side_by_side_and_a_missing_one_makes_the_grade_provisional(samples) -> None:
    grade = msgspec.structs.replace(samples.bad(), provisional=("mps",), gpu_peak_bytes=1_234_000_000)
    page = render(grade, "student")
    head = re.search(r'<table class="summary">\s*<thead><tr>(.*?)</tr>', page, re.DOTALL)[1]
    assert re.findall(r">(\w+)</th>", head) == ["Exercise", "Checks", "cpu", "cuda", "Points"]
    assert "<b>Provisional.</b> The checks were not run on mps; the grade stands once they have been." in page
    assert "1.23 GB at most, seen from outside" in page


def test_one_device_needs_no_column(samples) -> None:
    page = render(samples.good(), "student")
    assert "Provisional" not in page
    assert ">cpu</th>" not in page
