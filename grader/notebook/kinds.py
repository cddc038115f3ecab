"""What a file is that is not what its name says, told from its first bytes."""

from __future__ import annotations

_STARTS = (
    (b"%PDF", "a PDF file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\xd0\xcf\x11\xe0", "an encrypted or old Office file"),
    (b"\x00GITCRYPT", "an encrypted file (git-crypt)"),
    (b"Salted__", "an encrypted file (OpenSSL)"),
    (b"age-encryption.org", "an encrypted file (age)"),
    (b"-----BEGIN PGP MESSAGE", "an encrypted file (PGP)"),
    (b"version https://git-lfs", "a Git LFS pointer and not the file itself"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"{\\rtf", "an RTF document"),
)
_PAGES = (b"<!doctype html", b"<html", b"<head")


def other_kind(data: bytes) -> str:
    """Say what kind of file this is, where it is of a kind that people hand in by mistake.

    Args:
        data: Its bytes.

    Returns:
        The kind with its article; "" where nothing tells.

    Example:
        >>> other_kind(b"%PDF-1.7 ...")
        'a PDF file'
    """
    if data.startswith(b"PK\x03\x04"):
        return "an encrypted zip archive" if data[6:7] and data[6] & 1 else "a zip archive"
    return next((kind for start, kind in _STARTS if data.startswith(start)), "")


def is_web_page(data: bytes) -> bool:
    """Whether a file is a page that a browser saved."""
    return data.lstrip()[:14].lower().startswith(_PAGES)
