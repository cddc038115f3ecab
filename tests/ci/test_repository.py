"""Which notebooks of a repository are graded; nothing in it is run for that, whatever its owner has put there."""

import os
from pathlib import Path

import pytest
from ci.conftest import Repository

from grader.ci.repository import MOST, BadRepository, changed, named, root_of

NOTHING_TOLD: dict[str, str] = {}


def test_what_the_last_commit_changed(student: Repository) -> None:
    student.notebook("old.ipynb", "x = 1")
    student.notebook("same.ipynb", "x = 1")
    student.notebook("gone.ipynb", "x = 1")
    student.commit()
    student.notebook("old.ipynb", "x = 2")
    student.notebook("folder/new.ipynb", "x = 1")
    student.notebook(".ipynb_checkpoints/new.ipynb", "x = 1")
    (student.root / "gone.ipynb").unlink()
    student.write("notes.txt", "changed")
    student.commit()
    assert changed(student.root, environment=NOTHING_TOLD).names == ("folder/new.ipynb", "old.ipynb")


def test_all_notebooks_where_there_is_nothing_to_compare_with(tmp_path: Path, student: Repository) -> None:
    only = Repository(tmp_path / "only")
    only.notebook("a.ipynb")
    chosen = changed(only.root, environment=NOTHING_TOLD)
    assert (chosen.names, "no commit before this one" in chosen.notes[0]) == (("a.ipynb",), True)
    broken = Repository(tmp_path / "broken")
    broken.notebook("a.ipynb")
    (broken.root / ".git" / "HEAD").write_text("nonsense")
    assert "git reads no commit" in changed(broken.root, environment=NOTHING_TOLD).notes[0]
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "b.ipynb").write_text("{}")
    chosen = changed(plain, environment=NOTHING_TOLD)
    assert (chosen.names, "is no git repository" in chosen.notes[0]) == (("b.ipynb",), True)


def test_a_branch_is_compared_with_where_it_was_taken_off(student: Repository) -> None:
    student.git("switch", "--quiet", "--create", "work")
    student.notebook("mine.ipynb")
    student.commit()
    student.write("more.txt", "one more commit")
    student.commit()
    student.git("switch", "--quiet", "main")
    student.notebook("theirs.ipynb")
    theirs = student.commit()
    student.git("update-ref", "refs/remotes/origin/main", theirs)
    student.git("switch", "--quiet", "work")
    assert changed(student.root, "main", NOTHING_TOLD).names == ("mine.ipynb",)
    assert changed(student.root, environment={"GITHUB_BASE_REF": "main"}).names == ("mine.ipynb",)
    assert changed(student.root, environment={"CI_MERGE_REQUEST_DIFF_BASE_SHA": theirs}).names == ("mine.ipynb",)
    assert changed(student.root, environment={"CI_COMMIT_BEFORE_SHA": theirs}).names == ("mine.ipynb",)
    assert changed(student.root, environment={"CI_COMMIT_BEFORE_SHA": "0" * 40}).names == ()


@pytest.mark.parametrize("base", ["nowhere", "--output=x", "HEAD^{tree}", "a b\nc"])
def test_a_base_that_is_not_in_the_clone_is_refused(student: Repository, base: str) -> None:
    with pytest.raises(BadRepository, match="is not in this clone: fetch the whole history"):
        changed(student.root, base, NOTHING_TOLD)
    assert {path.name for path in student.root.iterdir()} == {".git", "README.md"}


def test_settings_attributes_and_hooks_of_the_repository_run_nothing(tmp_path: Path, student: Repository) -> None:
    mark = tmp_path / "mark"
    script = student.write("evil.sh", f"#!/bin/sh\necho ran >> {mark}\ncat /dev/null\n")
    script.chmod(0o755)
    student.write(".gitattributes", "*.ipynb diff=evil filter=evil\n")
    student.commit()
    for key in (
        "core.fsmonitor", "diff.external", "diff.evil.command", "diff.evil.textconv", "core.pager", "core.sshCommand",
        "filter.evil.clean", "filter.evil.smudge", "core.alternateRefsCommand", "alias.diff-tree", "credential.helper",
    ):  # fmt: skip
        student.git("config", key, f"!{script}" if key.startswith("alias") else str(script))
    for hook in ("post-index-change", "reference-transaction", "post-checkout"):
        (student.root / ".git" / "hooks" / hook).write_text(script.read_text())
        (student.root / ".git" / "hooks" / hook).chmod(0o755)
    mark.unlink(missing_ok=True)
    environment = dict(os.environ)
    student.notebook("hw.ipynb", "x = 1")
    student.git(
        "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-c", "filter.evil.clean=cat", "add", "--all"
    )
    student.git("-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message", "work")
    mark.unlink(missing_ok=True)
    chosen = changed(student.root, environment=NOTHING_TOLD)
    assert (chosen.names, chosen.notes) == (("hw.ipynb",), ("notebooks that the last commit changed",))
    assert not mark.exists()
    assert dict(os.environ) == environment


def test_variables_that_steer_git_are_not_passed_on(student: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    student.notebook("hw.ipynb")
    student.commit()
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "/bin/false")
    chosen = changed(student.root, environment=NOTHING_TOLD)
    assert (chosen.names, chosen.notes) == (("hw.ipynb",), ("notebooks that the last commit changed",))


def test_a_link_is_not_followed(tmp_path: Path, student: Repository) -> None:
    secret = tmp_path / "secret.ipynb"
    secret.write_text("{}")
    (student.root / "hw.ipynb").symlink_to(secret)
    (student.root / "folder").symlink_to(tmp_path)
    student.commit()
    chosen = changed(student.root, environment=NOTHING_TOLD)
    assert (chosen.names, [name for name, _ in chosen.refused]) == ((), ["hw.ipynb"])
    for path in (student.root / "hw.ipynb", student.root / "folder" / "secret.ipynb"):
        with pytest.raises(BadRepository, match=r"it is a link or no file|is not in the repository"):
            named(student.root, [path])


def test_names_that_no_terminal_should_see_are_names(student: Repository) -> None:
    names = ["a\n::error::b.ipynb", "-rf.ipynb", "%0A.ipynb", "\u202ea.ipynb", os.fsdecode(b"\xff.ipynb")]
    for name in names:
        student.notebook(name)
    student.commit()
    assert sorted(changed(student.root, environment=NOTHING_TOLD).names) == sorted(names)


def test_files_and_folders_by_name(student: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.ipynb", "b/c.ipynb", "b/d/e.ipynb", "b/.ipynb_checkpoints/c.ipynb"):
        student.notebook(name)
    monkeypatch.chdir(student.root / "b")
    assert named(student.root, [Path("d"), Path("../a.ipynb")]).names == ("b/d/e.ipynb", "a.ipynb")
    assert named(student.root, [Path()]).names == ("b/c.ipynb", "b/d/e.ipynb")
    with pytest.raises(BadRepository, match="there is no such file"):
        named(student.root, [Path("nothing.ipynb")])
    with pytest.raises(BadRepository, match="is not in the repository"):
        named(student.root, [Path("/etc/passwd")])


def test_no_more_are_graded_at_once_than_a_machine_can_bear(student: Repository) -> None:
    for number in range(MOST + 1):
        student.notebook(f"{number}.ipynb")
    student.commit()
    with pytest.raises(BadRepository, match=f"at most {MOST} are at once: name some of them"):
        changed(student.root, environment=NOTHING_TOLD)


def test_the_repository_is_found_from_a_folder_in_it(student: Repository) -> None:
    student.notebook("b/c.ipynb")
    assert root_of(student.root / "b") == student.root
    with pytest.raises(BadRepository, match="there is no such folder; name the student's checkout with --repository"):
        root_of(student.root / "nowhere")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files to another account")
def test_a_checkout_of_another_account_is_read(student: Repository) -> None:
    student.notebook("hw.ipynb")
    student.commit()
    for place, folders, files in os.walk(student.root):
        for name in (".", *folders, *files):
            os.chown(Path(place, name), 12345, 12345)
    chosen = changed(student.root, environment=NOTHING_TOLD)
    assert (chosen.names, chosen.notes) == (("hw.ipynb",), ("notebooks that the last commit changed",))
