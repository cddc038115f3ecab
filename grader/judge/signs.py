"""What a difference says whatever the inputs were: so that wrong answers to different inputs can be compared."""

from __future__ import annotations

import re

# Patterns of `explain` that say what was got, given what was expected. Others, such as "same values in another order",
# say too little: two mistakes may share them.
_TELLING = re.compile(
    r"(?:the sign is flipped|off by a constant .*|transposed(?:: dimensions \d+ and \d+ are swapped)?|reversed along .*"
    r"|all zeros|True and False are swapped|cut off .*)"
)
# Where the values begin that come with the inputs.
_FACTS = re.compile(r"(?:^|: )(?=\d+ of \d+ values differ|largest difference |got )")


def sign_of(message: str) -> str:
    """What a difference's message says of the mistake, without the values that come with the inputs.

    Args:
        message: The message, as `grader.judge.explain` and its like make them.

    Returns:
        The pattern, where that alone says what was got; the message, where no values of the inputs are in it; "" where
        there is nothing but values.

    Example:
        >>> sign_of("the sign is flipped: 6 of 6 values differ (100 %), largest difference 2 at [0]: got 1")
        'the sign is flipped'
        >>> sign_of("6 of 6 values differ (100 %), largest difference 2 at [0]: got 1, expected -1")
        ''
    """
    facts = _FACTS.search(message)
    if facts is None:
        return message
    pattern = message[: facts.start()]
    return pattern if _TELLING.fullmatch(pattern) else ""
