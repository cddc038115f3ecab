"""What is known to fail, and why: each has to fail until it is mended, and is to be taken out of here then."""

KNOWN: dict[str, tuple[tuple[str, ...], str]] = {}
