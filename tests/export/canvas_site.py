"""A small model of Canvas: what its gradebook export writes, and how its import reads that back.

The rules are those of docs and behaviour: columns by position and header, assignments by the id in parentheses, else by
title, else a new one; students by id, SIS user id, login or name, else a new one; grades compared at two decimals.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field

from export.classes import csv_text

COMPUTED = ("Current Points", "Final Points", "Current Score", "Unposted Current Score", "Final Score")


@dataclass(frozen=True)
class Student:
    id: int
    name: str
    sortable: str
    sis: str = ""
    login: str = ""


@dataclass(frozen=True)
class Look:
    """How an instructor's own export looks."""

    delimiter: str = ","
    decimal: str = "."
    bom: bool = False
    line_end: str = "\n"
    quote_all: bool = False


@dataclass
class Imported:
    """What the import's preview would show."""

    changes: dict[tuple[int, int], str] = field(default_factory=dict)
    new_assignments: list[str] = field(default_factory=list)
    new_students: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Canvas:
    students: tuple[Student, ...]
    assignments: dict[int, tuple[str, float]]
    grades: dict[tuple[int, int], str] = field(default_factory=dict)  # by student and assignment; "EX" or a number
    unassigned: frozenset[tuple[int, int]] = frozenset()

    def export(self, look: Look = Look()) -> bytes:
        titles = [f"{title} ({id_})" for id_, (title, _) in self.assignments.items()]
        manual = ["Manual Posting" if index == 0 else "" for index in range(len(titles))]
        worth = [self._number(points, look) for _, points in self.assignments.values()]
        rows: list[list[object]] = [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles, *COMPUTED],
            ["", "", "", "", "", *manual, *([""] * len(COMPUTED))],
            ["    Points Possible", "", "", "", "", *worth, *(["(read only)"] * len(COMPUTED))],
        ]
        for student in self.students:
            name = f'="{student.sortable}"' if re.match(r"\s*=", student.sortable) else student.sortable
            cells = [self._cell(student.id, id_, look) for id_ in self.assignments]
            rows.append([name, student.id, student.sis, student.login, "Section 1", *cells, *(["88"] * 5)])
        text = csv_text(rows, look.delimiter, look.line_end, look.quote_all)
        return ("\ufeff" * look.bom + text).encode()

    def _number(self, number: float, look: Look) -> str:
        return f"{number:.2f}".replace(".", look.decimal)

    def _cell(self, student: int, assignment: int, look: Look) -> str:
        if (student, assignment) in self.unassigned:
            return "N/A"
        grade = self.grades.get((student, assignment), "")
        return grade if grade in ("", "EX") else self._number(float(grade), look)

    def read(self, data: bytes) -> Imported:
        text = data.decode("utf-8-sig")
        delimiter = self._delimiter(text)
        rows = [
            [self._normal(cell) for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            if row and set("".join(row)) - {" "}
        ]
        header = rows[0]
        assert len(header) > 3
        assert "Student" in header[0]
        assert "ID" in header[1]
        width = 5 if header[2:4] == ["SIS User ID", "SIS Login ID"] else 4 if "SIS Login ID" in header[2] else 3
        assert "Section" in header[width - 1]
        imported = Imported()
        columns = {
            index: self._assignment(title, imported)
            for index, title in enumerate(header)
            if index >= width and not re.search("|".join(COMPUTED), title)
        }
        points: list[str] = []
        for row in rows[1:]:
            if "Points Possible" in row[0]:
                points = row
            elif not all(re.fullmatch(r"(?i)\s*(Muted|Manual Posting.*)?\s*", cell) for cell in row):
                self._student(row, width, columns, points, imported)
        return imported

    def _student(
        self, row: list[str], width: int, columns: dict[int, int], points: list[str], imported: Imported
    ) -> None:
        sis, login = (row[2], row[3]) if width == 5 else ("", row[2])
        found = (
            [each for each in self.students if str(each.id) == row[1]]
            or [each for each in self.students if sis and each.sis == sis]
            or [each for each in self.students if login and each.login == login]
            or [each for each in self.students if row[0] in (each.name, each.sortable)]
        )
        if not found:
            imported.new_students.append(row[0])
            return
        for column, assignment in columns.items():
            key = (found[0].id, assignment)
            new, old = row[column].strip(), self.grades.get(key, "")
            read_only = re.search(r"read\s+only", points[column]) is not None
            if not read_only and key not in self.unassigned and not self._same(new, old):
                imported.changes[key] = new

    def _assignment(self, header: str, imported: Imported) -> int:
        found = re.search(r"\((\d+)\)\s*$", header)
        if found and int(found[1]) in self.assignments:
            return int(found[1])
        for id_, (title, _) in self.assignments.items():
            if title == header:
                return id_
        imported.new_assignments.append(header)
        return -len(imported.new_assignments)

    @staticmethod
    def _delimiter(text: str) -> str:
        counts = {}
        for delimiter in ";,":
            try:
                sizes = {
                    len(next(csv.reader([line], delimiter=delimiter, strict=True), []))
                    for line in text.splitlines(keepends=True)[:3]
                }
            except csv.Error:
                sizes = set()
            counts[delimiter] = sizes.pop() if len(sizes) == 1 else 0
        return ";" if counts[";"] > counts[","] else ","

    @staticmethod
    def _normal(cell: str) -> str:
        if not re.fullmatch(r"-?[0-9.,]+%?", cell):
            return cell
        *groups, last = re.split("[,.]", cell)
        return f"{''.join(groups)}.{last}" if groups else last

    @staticmethod
    def _same(new: str, old: str) -> bool:
        if new == old or not new:
            return True
        if not old or "EX" in (new.upper(), old):
            return False
        return f"{float(new):.2f}" == f"{float(old):.2f}"
