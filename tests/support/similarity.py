"""Python that looks like somebody's own: different for each seed, and the same structure under other names."""

import random

_FUNCTIONS = ("relu", "tanh", "sum", "mean", "exp", "log", "abs")


def essay(seed: int, names: str = "value", lines: int = 14) -> str:
    """A function of statements drawn by chance."""
    chance = random.Random(seed)
    body = [
        f"    {names}{chance.randrange(5)} = torch.{chance.choice(_FUNCTIONS)}"
        f"({names}{chance.randrange(5)} {chance.choice('+-*/@%')} {names}{chance.randrange(5)}"
        f"{chance.choice(('', ', dim=0', '[0]', '.T', ' > 0'))})"
        for _ in range(lines)
    ]
    return "\n".join([f"def {names}_function({names}0):", *body, f"    return {names}0", ""])
