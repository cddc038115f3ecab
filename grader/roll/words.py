"""Names that people and platforms give to files and people, compared."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from grader.intake.handin import SUFFIXES

# What browsers and people put at the end of the name of a further copy.
_COPY = re.compile(r"[ _]?\((\d{1,3})\)$")
_ID_LETTERS = 200


def stem(file: str) -> str:
    """A file's name without its folders and suffix, ".tar.gz" in full.

    Example:
        >>> stem("alice/hw2.tar.gz"), stem("hw2.v2.ipynb")
        ('hw2', 'hw2.v2')
    """
    name = file.rpartition("/")[2]
    packed = (name[: -len(end)] for end in SUFFIXES if name.lower().endswith(end))
    return next(filter(None, packed), PurePosixPath(name).stem)


def without_copy(text: str) -> tuple[str, int]:
    """A stem without the number of a further download, and that number.

    Example:
        >>> without_copy("hw2 (3)"), without_copy("hw2")
        (('hw2', 3), ('hw2', 0))
    """
    found = _COPY.search(text)
    return (text[: found.start()], int(found[1])) if found and found.start() else (text, 0)


def first_copy(file: str) -> str:
    """A file's name, folders included, without the number of a further download.

    Example:
        >>> first_copy("work/hw2 (3).tar.gz")
        'work/hw2.tar.gz'
    """
    folder, slash, name = file.rpartition("/")
    return folder + slash + without_copy(stem(name))[0] + name[len(stem(name)) :]


def slug(text: str) -> str:
    """Letters and digits in lower case with single dashes between, for comparing names of files and assignments.

    Example:
        >>> slug("Image_Classifier 2")
        'image-classifier-2'
    """
    return "-".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).casefold()))


def names_assignment(file: str, assignment: str) -> int:
    """Tell how clearly a file's name is an assignment's: 2 where it is just that, 1 where it is in it, else 0.

    Example:
        >>> [names_assignment(name, "hw2") for name in ("hw2 (1).ipynb", "alice_hw2.ipynb", "hw22.ipynb")]
        [2, 1, 0]
    """
    name, wanted = slug(without_copy(stem(file))[0]), slug(assignment)
    if not wanted or name == wanted:
        return 2 if wanted else 0
    return int(f"-{wanted}-" in f"-{name}-")


def squeezed(name: str) -> str:
    """A person's name as a key: letters and digits alone, accents kept, in lower case.

    Example:
        >>> squeezed("Lovelace, Ada"), squeezed("O'Neil-Núñez")
        ('lovelaceada', 'oneilnúñez')
    """
    return "".join(re.findall(r"[^\W_]", unicodedata.normalize("NFC", name).casefold()))


def as_id(text: object) -> str:
    r"""A word as a student's id: on one line, without spaces at its ends, with no character that cannot be seen.

    Example:
        >>> as_id(1001), as_id(" ada\u200b ")
        ('1001', 'ada')
    """
    seen = (letter for letter in str(text) if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    return "".join(seen).strip()[:_ID_LETTERS].strip()
