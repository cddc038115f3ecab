"""A small model of a Moodle assignment: its grading worksheet, and how it reads a worksheet and a feedback zip back."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, field

from export.classes import csv_text

ENGLISH = {
    "identifier": "Identifier",
    "name": "Full name",
    "id_number": "ID number",
    "email": "Email address",
    "status": "Status",
    "grade": "Grade",
    "maximum": "Maximum Grade",
    "open": "Grade can be changed",
    "modified": "Last modified (grade)",
    "comments": "Feedback comments",
}
GERMAN = ENGLISH | {
    "identifier": "ID",
    "name": "Vollständiger Name",
    "email": "E-Mail-Adresse",
    "grade": "Bewertung",
    "maximum": "Bestwertung",
    "modified": "Zuletzt geändert (Bewertung)",
    "comments": "Feedback als Kommentar",
}


@dataclass(frozen=True)
class Participant:
    number: int
    name: str
    id_number: str = ""
    email: str = ""


@dataclass(frozen=True)
class Moodle:
    participants: tuple[Participant, ...]
    maximum: float = 100.0
    words: dict[str, str] = field(default_factory=lambda: ENGLISH)
    hidden_user: str = "Participant "
    decimal: str = "."

    def worksheet(self, line_end: str = "\r\n", bom: bool = False) -> bytes:
        rows = [list(self.words.values())]
        for each in self.participants:
            cells = {
                "identifier": f"{self.hidden_user}{each.number}",
                "name": each.name,
                "id_number": each.id_number,
                "email": each.email,
                "status": "Submitted for grading - ",
                "maximum": f"{self.maximum:.2f}".replace(".", self.decimal),
                "open": "Yes",
                "modified": "-",
            }
            rows.append([cells.get(role, "") for role in self.words])
        return ("\ufeff" * bom + csv_text(rows, ",", line_end)).encode()

    def read(self, data: bytes) -> tuple[dict[int, float], dict[int, str]]:
        """The grades and the comments that an upload changes, by participant."""
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
        where = {role: rows[0].index(header) for role, header in self.words.items()}
        assert {"identifier", "grade", "modified"} <= set(where)
        assert len({len(row) for row in rows}) == 1
        grades, comments = {}, {}
        known = {each.number for each in self.participants}
        for row in rows[1:]:
            number = int(row[where["identifier"]][len(self.hidden_user) :])
            assert number in known
            text = row[where["grade"]].replace(self.decimal, ".")
            if text and 0 <= float(text) <= self.maximum:
                grades[number] = float(text)
            if row[where["comments"]]:
                comments[number] = row[where["comments"]]
        return grades, comments

    def read_feedback(self, data: bytes) -> dict[tuple[int, str], bytes]:
        """The feedback files that a zip brings, by participant and file name."""
        found = {}
        known = {each.number for each in self.participants}
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                parts = name.split("/")
                assert not parts[-1].startswith((".", "~"))
                while parts:
                    info = parts.pop(0).split("_", 4)
                    if len(info) < 4 or not info[1].isdecimal() or int(info[1]) not in known:
                        continue
                    if info[2:4] != ["assignsubmission", "file"]:
                        continue
                    rest = [*info[4:], *parts]
                    found[int(info[1]), "/".join(rest).lstrip("/")] = archive.read(name)
                    break
        return found
