"""Find a secret in whatever form it was carried away."""

import base64
import itertools
import re
import struct
import zlib
from collections.abc import Iterator

_LEAST = 24  # letters of base64 that have to be there: shorter pieces turn up by chance


def forms(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """Every form in which a secret is looked for.

    Args:
        secret: What nobody may learn, at least 16 bytes that do not occur by chance.

    Yields:
        The form's name, and bytes that occur in any text that holds the secret in that form.
    """
    for order, data in (("", secret), ("reversed ", secret[::-1])):
        yield f"{order}plain", data
        yield f"{order}hex", data.hex().encode()
        yield f"{order}HEX", data.hex().upper().encode()
        yield f"{order}base32", base64.b32encode(data).rstrip(b"=")
        yield f"{order}ascii85", base64.b85encode(data)[: len(data) // 4 * 5]
        yield f"{order}decimal bytes", ", ".join(map(str, data)).encode()
        yield f"{order}escaped", "".join(f"\\x{byte:02x}" for byte in data).encode()
        yield f"{order}rot13", data.translate(_ROT13)
        for name, text in zip(("first", "second", "third"), base64_alignments(data), strict=True):
            yield f"{order}base64, {name} alignment", text
            yield f"{order}base64url, {name} alignment", text.translate(_URL)
    with_zeros = secret.decode("latin-1")
    yield "UTF-16", with_zeros.encode("utf-16-le")
    yield "UTF-16, big end first", with_zeros.encode("utf-16-be")
    yield "UTF-32", with_zeros.encode("utf-32-le")
    for gap in (b" ", b"\n", b".", b"-", b",", b"\0"):
        yield f"letters apart by {gap!r}", gap.join(secret[i : i + 1] for i in range(len(secret)))
    yield "quoted", "".join(f"%{byte:02X}" for byte in secret).encode()
    yield "HTML", "".join(f"&#{byte};" for byte in secret).encode()


def base64_alignments(data: bytes) -> tuple[bytes, bytes, bytes]:
    """The letters of base64 that are the same whatever stands before and after, for each of the three alignments."""
    found = []
    for before in range(3):
        text = base64.b64encode(bytes(before) + data)
        # The first letters mix with what is before, the last ones with what comes after.
        start = {0: 0, 1: 2, 2: 3}[before]
        whole = (before + len(data)) // 3 * 4
        found.append(text[start:whole])
    assert all(len(text) >= _LEAST or len(data) < 20 for text in found)
    return found[0], found[1], found[2]


class Text:
    """What is searched: a text as it is, without its white space, and whatever is compressed in it.

    Args:
        data: Its bytes.
    """

    def __init__(self, data: bytes) -> None:
        texts = [data, *_inflated(data)]
        self._texts = [*texts, *(b"".join(each.split()) for each in texts)]
        self._decimals = b" ".join(_NUMBER.findall(data))

    def holds(self, secret: bytes) -> list[str]:
        """The forms in which a secret is in it."""
        return sorted({name for name, form in forms(secret) if any(form in each for each in self._texts)})

    def holds_line(self, line: bytes) -> bool:
        """Whether a line of source is in it, as such or in base64."""
        return any(form in each for form in (line, *base64_alignments(line)) for each in self._texts)

    def holds_numbers(self, values: tuple[float, ...]) -> list[str]:
        """The forms in which the values of a tensor are in it.

        Args:
            values: Some of its values, in order, none of which turns up by chance.

        Returns:
            As bytes of neighbours (float32 and float64, plain, in hex and in base64), or as decimal fractions: a
            single one of seven digits and more, or neighbours of three and more.
        """
        return sorted(
            {name for name, form in _bytes_of(values) if any(form in each for each in self._texts)}
            | {name for name, form in _digits_of(values) if form in self._decimals}
        )


def _bytes_of(values: tuple[float, ...]) -> Iterator[tuple[str, bytes]]:
    for name, letter in (("float32", "f"), ("float64", "d")):
        for order in "<>":
            for i in range(len(values) - 3):
                data = struct.pack(f"{order}4{letter}", *values[i : i + 4])
                yield name, data[: len(data) // 2]
                yield f"{name} in hex", data[: len(data) // 2].hex().encode()
                for part in base64_alignments(data):
                    yield f"{name} in base64", part


def _digits_of(values: tuple[float, ...]) -> Iterator[tuple[str, bytes]]:
    for digits in (7, 8, 9, 12, 17):
        for value in values:
            text = f"{value:.{digits}g}".encode()
            if len(text.strip(b"-0.")) >= 7:
                yield f"{digits} digits", text
    for style, neighbours in ((".3f", 3), (".4f", 3), (".3g", 3), (".4g", 3), (".5g", 2), (".6g", 2), (".6f", 2)):
        for i in range(len(values) - neighbours + 1):
            yield f"neighbours as {style}", b" ".join(f"{v:{style}}".encode() for v in values[i : i + neighbours])


def _inflated(text: bytes) -> Iterator[bytes]:
    """What is compressed inside a text, as bytes or in hex or base64 (a gzip, zlib or raw deflate stream)."""
    for magic, bits in ((b"\x1f\x8b\x08", 31), (b"\x78\x9c", 15), (b"\x78\x01", 15), (b"\x78\xda", 15)):
        for candidate in itertools.islice(_decoded_from(text, magic), 50):
            try:
                yield zlib.decompressobj(bits).decompress(candidate, 1 << 20)
            except zlib.error:
                continue


def _decoded_from(text: bytes, magic: bytes) -> Iterator[bytes]:
    yield from (text[place:] for place in _places(text, magic))
    for place in _places(text, magic.hex().encode()):
        digits = bytes(itertools.takewhile(lambda byte: byte in b"0123456789abcdef", text[place:]))
        yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
    for place in _places(text, base64.b64encode(magic)[:-1].rstrip(b"=")[:2]):
        letters = bytes(itertools.takewhile(lambda byte: byte in _BASE64, text[place : place + 100_000]))
        whole = letters[: len(letters) // 4 * 4].rstrip(b"=")
        decoded = base64.b64decode(whole[: len(whole) // 4 * 4])
        if decoded.startswith(magic):
            yield decoded


def _places(text: bytes, magic: bytes) -> Iterator[int]:
    place = text.find(magic)
    while place >= 0:
        yield place
        place = text.find(magic, place + 1)


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_URL = bytes.maketrans(b"+/", b"-_")
_LOWER, _UPPER = b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROT13 = bytes.maketrans(_LOWER + _UPPER, _LOWER[13:] + _LOWER[:13] + _UPPER[13:] + _UPPER[:13])

_NUMBER = re.compile(rb"-?\d+\.\d+(?:e[-+]\d+)?")
