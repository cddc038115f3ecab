"""Archives as students and attackers make them: zips and tars with odd names, kinds and sizes, some of them spoilt."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from random import Random

from fuzzing.mutate import TEXTS, maybe_spoilt

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
_NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
_NAMES = (
    *("hw2.ipynb", "a/hw2.ipynb", "HW2.IPYNB", "data.csv", "w.pt", "a/b/c.txt", "__MACOSX/._x", ".DS_Store"),
    *(
        "../x",
        "/etc/passwd",
        "..\\x",
        "C:\\x",
        "\\\\host\\x",
        "a/../../x",
        "con",
        "x.",
        "x ",
        "~/x",
        "a//b",
        "a/./b",
        "",
    ),
    *(".ipynb_checkpoints/hw2.ipynb", "é.pt", "e\u0301.pt", "n" * 300, "/".join("d" * 60), *TEXTS),
)
_KINDS = (tarfile.REGTYPE,) * 30 + (
    *(tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE),
    *(tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, b"?"),
)


def archive(rng: Random) -> bytes:
    """One archive after a byte that says by which suffix it was handed in."""
    kind = rng.randrange(len(SUFFIXES))
    data = _zip(rng) if kind == 0 else _tar(rng)
    if kind > 1:
        data = gzip.compress(data, 1)
    return bytes([kind]) + maybe_spoilt(rng, data, 0.5)


_CLASS = (
    *("adalovelace_5001_71_hw2.ipynb", "bob_LATE_5002_72_hw2-1.ipynb", "anon_x7_73_hw2.zip", "bob_5002_74_../x.pt"),
    *("Ada L_88_assignsubmission_file/hw2.ipynb", "Bob_89_assignsubmission_file_hw2.ipynb"),
    *("submission_1/hw2.ipynb", "submission_2/x/hw2.ipynb", "submission_metadata.yml", "submission_metadata.yml"),
    *("submitted/ada/hw2/hw2.ipynb", "submitted/ada/hw2/timestamp.txt", "submitted/bob/hw1/x.ipynb"),
    *("hw2-ada/.git/HEAD", "hw2-ada/hw2.ipynb", "hw2-bob/a/hw2.ipynb", "ada.ipynb", "ada (1).ipynb", "ada/hw2.ipynb"),
)
_METADATA = (
    b"submission_1:\n  :submitters:\n  - :name: Ada\n    :sid: 1\n  :created_at: 2026-03-02 10:00:00 Z\n",
    b"submission_1: {':submitters': [[], 3, {':name': [1]}], ':created_at': {'utc': x}}\nsubmission_9: 3\n3: {}\n",
    b"submission_1:\n  :submitters: &a [*a]\n  :created_at: !ruby/object:X {}\n",
    b"2026-03-02 15:58:23.948203 America/Los_Angeles",
    b"2026-99-02 15:58:23 ../../etc/passwd",
)


def handed_over(rng: Random) -> bytes:
    """A zip of a whole class after a byte that says by which kind it is read."""
    start = rng.randrange(len(_CLASS))
    near = _CLASS[start : start + 4] + _CLASS[:2]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for _ in range(rng.randrange(1, 8)):
            name = rng.choice((rng.choice(near), rng.choice(near), rng.choice(_NAMES)))
            name = rng.choice(("", "", "", "export/")) + name.encode("utf-8", "replace").decode()
            body = rng.choice(_METADATA) if name.endswith((".yml", ".txt")) else _NOTEBOOK
            made.writestr(zipfile.ZipInfo(name), maybe_spoilt(rng, body, 0.2))
    return bytes([rng.randrange(8)]) + maybe_spoilt(rng, out.getvalue(), 0.2)


def _contents(rng: Random) -> list[tuple[str, bytes]]:
    names = [rng.choice((*("hw2.ipynb",) * 4, rng.choice(_NAMES)))]
    names += [rng.choice(_NAMES[: rng.choice((6, 6, len(_NAMES)))]) for _ in range(rng.randrange(4))]
    bodies = (_NOTEBOOK, b"", b"1,2,3\n" * 50, b"\0" * 20_000)
    return [(name, rng.choice(bodies)) for name in names]


def _zip(rng: Random) -> bytes:
    out = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(out, "w", method) as made:
        for name, body in _contents(rng):
            entry = zipfile.ZipInfo(name.encode("utf-8", "replace").decode())
            entry.compress_type = method
            entry.external_attr = rng.choice((0, 0, 0o644, 0o644, 0o100644, 0o120777, 0o4755, 0o60644)) << 16
            entry.extra = rng.choice((b"", b"", b"\x01\x00\x10\x00" + b"\xff" * 16, b"\xff"))
            made.writestr(entry, body)
        made.comment = rng.choice((b"", b"PK\x05\x06"))
    return out.getvalue()


def _tar(rng: Random) -> bytes:
    out = io.BytesIO()
    form = rng.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
    for name, body in _contents(rng):
        entry = tarfile.TarInfo(name.encode("utf-8", "replace").decode() or "x")
        entry.size, entry.type, entry.mode = len(body), rng.choice(_KINDS), rng.choice((0o644, 0o4777))
        entry.linkname = rng.choice(("", "/etc/passwd", "..", entry.name[:90]))
        if form == tarfile.PAX_FORMAT and rng.random() < 0.3:
            entry.pax_headers = {
                rng.choice(("size", "path", "GNU.sparse.size", "x")): rng.choice(("-1", "9" * 20, "../x"))
            }
        try:
            out.write(entry.tobuf(form, "utf-8", "surrogateescape"))
        except ValueError:
            continue  # a name that this form cannot hold
        out.write(body + b"\0" * (-len(body) % 512))
    return out.getvalue() + b"\0" * 1024
