"""Import a notebook of another grader into a course."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grader.assignment.create import create
from grader.importing.errors import BadImport
from grader.importing.headings import pictures
from grader.importing.model import Imported
from grader.importing.names import identifier
from grader.importing.nbgrader import is_nbgrader, read_nbgrader
from grader.importing.otter import read_otter
from grader.importing.otter_blocks import is_otter
from grader.importing.write import account, reference_files
from grader.notebook.errors import BadNotebook
from grader.notebook.model import Notebook
from grader.notebook.read import read


def import_notebook(path: Path, course: Path, name: str | None = None) -> tuple[Path, list[str]]:
    """Make a reference folder of an nbgrader source notebook or one of otter assign.

    Args:
        path: The notebook.
        course: The course folder; it gets ``reference/<name>``.
        name: The assignment's name; the file's, as a name, where None.

    Returns:
        The new folder, and what the import came to, as lines.

    Raises:
        BadInput: The notebook cannot be read or imported, or there is such an assignment already.
    """
    name = name or identifier(path.stem)
    imported = read_foreign(path)
    folder = create(course, name, reference_files(imported, path.name, name))
    return folder, account(imported, name)


def read_foreign(path: Path) -> Imported:
    """Read a notebook of another grader, whichever it is.

    Args:
        path: The notebook.

    Returns:
        What it holds.

    Raises:
        BadImport: It cannot be read, is of neither grader, or not in Python.
    """
    try:
        notebook = read(path)
    except BadNotebook as error:
        raise BadImport(str(error)) from None
    _refuse_other_languages(notebook)
    if is_otter(notebook):
        imported = read_otter(notebook, path.parent)
    elif is_nbgrader(notebook):
        imported = read_nbgrader(notebook)
    else:
        raise BadImport(
            f"{notebook.name} is neither nbgrader's nor otter assign's: no cell has nbgrader's metadata, and no raw "
            "cell starts with # ASSIGNMENT CONFIG or # BEGIN QUESTION; import the instructor's notebook"
        )
    if shown := pictures(notebook):
        sentence = f"pictures beside the notebook ({', '.join(shown)}) are not copied: list a folder with them as data"
        return replace(imported, left_out=(*imported.left_out, sentence))
    return imported


def _refuse_other_languages(notebook: Notebook) -> None:
    kernel = notebook.metadata.get("kernelspec")
    language = kernel.get("language") if isinstance(kernel, dict) else None
    if isinstance(language, str) and language.lower() != "python":
        raise BadImport(f"{notebook.name} is in {language[:40]}; only Python notebooks are graded here")
