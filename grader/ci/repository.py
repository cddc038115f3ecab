"""Which notebooks of a student's repository to grade; nothing that the repository holds is run or obeyed.

git reads settings, attributes and hooks from where it works. Those of a repository are its owner's, so git is asked
for names of files only, by commands that take no other settings than those given here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.errors import BadInput
from grader.report.text import line

MOST = 50
_SECONDS = 120
_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "protocol.allow=never",
    # The checkout may belong to another account, as in a container; it is only read.
    "safe.directory=*",
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_HOME_OF_TOOLS = (".git", ".ipynb_checkpoints")


class BadRepository(BadInput):
    """What a repository cannot be asked; the message is one sentence."""


@dataclass(frozen=True)
class Chosen:
    """The notebooks to look at.

    Attributes:
        names: Their paths in the repository, with forward slashes, in order.
        notes: Sentences on how they were chosen.
        refused: Those that are not read, each with the reason.
    """

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def root_of(folder: Path) -> Path:
    """The repository that a folder lies in; the folder itself where it lies in none.

    Raises:
        BadRepository: There is no such folder.
    """
    if not folder.is_dir():
        raise BadRepository(f"{folder}: there is no such folder; name the student's checkout with --repository")
    start = folder.resolve()
    return next((place for place in (start, *start.parents) if (place / ".git").exists()), start)


def named(root: Path, paths: Iterable[Path]) -> Chosen:
    """The notebooks that were asked for by name: files, or all notebooks below a folder.

    Raises:
        BadRepository: One is not there, is not in the repository, or is a link.
    """
    names: dict[str, None] = {}
    for path in paths:
        if not path.exists():
            raise BadRepository(f"{path}: there is no such file; name notebooks or folders of the repository")
        inside = Path(os.path.normpath(path.parent.resolve() / path.name))
        if not inside.is_relative_to(root):
            raise BadRepository(f"{path} is not in the repository {root}; name what is to be graded from there")
        if inside.is_dir():
            names.update(dict.fromkeys(_below(root, inside)))
        else:
            names[inside.relative_to(root).as_posix()] = None
    chosen = _readable(root, names)
    if chosen.refused:
        raise BadRepository(": ".join(chosen.refused[0]))
    return chosen


def changed(root: Path, base: str | None = None, environment: Mapping[str, str] = os.environ) -> Chosen:
    """The notebooks that differ from where a branch was taken off.

    Args:
        root: The repository.
        base: What to compare with: a branch or commit. Where None, what the CI system says that the change is to be
            merged into, else the commit before.
        environment: Where the CI system says that.

    Returns:
        The notebooks; all of the repository's where there is nothing to compare with.

    Raises:
        BadRepository: There is something to compare with, and this clone does not hold it.
    """
    if not (root / ".git").exists() or shutil.which("git") is None:
        why = "git is not installed here" if (root / ".git").exists() else f"{line(str(root))} is no git repository"
        return _all(root, f"{why}: all notebooks are graded")
    wanted = base or _told(environment)
    if wanted is None:
        before = _commit(root, "HEAD~1")
        if before is None:
            why = (
                "there is no commit before this one to compare with" if _commit(root, "HEAD") else "git reads no commit"
            )
            return _all(root, f"{why}: all notebooks are graded")
        return _readable(root, _differing(root, before), "notebooks that the last commit changed")
    there = _commit(root, wanted)
    if there is None:
        raise BadRepository(
            f"{wanted!r} is not in this clone: fetch the whole history (fetch-depth: 0, GIT_DEPTH: 0), "
            "or name another commit with --base"
        )
    forked = _git(root, "merge-base", there, "HEAD")
    if forked is None:
        raise BadRepository(f"the clone does not reach back to where {wanted!r} was left: fetch the whole history")
    return _readable(root, _differing(root, forked.decode().strip()), f"notebooks that differ from {wanted}")


def _told(environment: Mapping[str, str]) -> str | None:
    """What the CI system says that a change is made to, or was made to."""
    if branch := environment.get("GITHUB_BASE_REF"):
        return f"origin/{branch}"
    if commit := environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA"):
        return commit
    before = environment.get("CI_COMMIT_BEFORE_SHA", "")
    return before if before.strip("0") else None


def _commit(root: Path, name: str) -> str | None:
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return found.decode().strip() if found else None


def _differing(root: Path, commit: str) -> list[str]:
    told = _git(
        root,
        *("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv"),
        *("--ignore-submodules=all", "--diff-filter=d", commit, "HEAD"),
    )
    if told is None:
        raise BadRepository(f"git cannot say what differs from {commit}: is the clone whole?")
    return [name for name in map(os.fsdecode, told.split(b"\0")) if _is_notebook(name)]


def _all(root: Path, note: str) -> Chosen:
    return _readable(root, _below(root, root), note)


def _below(root: Path, folder: Path) -> list[str]:
    """The notebooks below a folder; links to folders are not followed."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - set(_HOME_OF_TOOLS))
        names = (Path(place, name).relative_to(root).as_posix() for name in files)
        found += [name for name in names if _is_notebook(name)]
    return sorted(found)


def _is_notebook(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() == ".ipynb" and not {*path.parts} & {*_HOME_OF_TOOLS}


def _readable(root: Path, names: Iterable[str], *notes: str) -> Chosen:
    """Leave out what is no file of the repository itself: a link could show what lies elsewhere on this machine.

    Raises:
        BadRepository: There are more than are graded at once.
    """
    names = list(names)
    refused = tuple(
        (name, "it is a link or no file; put the notebook itself there") for name in names if _is_link(root, name)
    )
    kept = tuple(name for name in names if name not in dict(refused))
    if len(kept) > MOST:
        raise BadRepository(
            f"{len(kept)} notebooks are to be graded, and at most {MOST} are at once: name some of them"
        )
    return Chosen(kept, tuple(map(line, notes)), refused)


def _is_link(root: Path, name: str) -> bool:
    path = root / name
    return path.resolve() != path or not path.is_file()


def _git(root: Path, *arguments: str) -> bytes | None:
    """What a git command prints; None where it fails."""
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    command: Sequence[str] = ("git", "--no-pager", "--literal-pathspecs", *settings, "-C", str(root), *arguments)
    try:
        done = subprocess.run(
            command,
            env=kept | _ENVIRONMENT,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadRepository(f"git gave no answer within {_SECONDS} s ({arguments[0]})") from None
    return done.stdout if done.returncode == 0 else None
