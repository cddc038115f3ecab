"""Write the photographs that hw5 ships: brick, grass and gravel as scikit-image distributes them, byte for byte.

Run once, with scikit-image installed: ``python reference/hw5/make_data.py``. The result is committed, so that neither
students nor the grader need scikit-image or the internet.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

DATA = Path(__file__).parent / "data"
NAMES = ("brick", "grass", "gravel")


def main() -> None:
    """Copy the three files out of the installed package."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit("scikit-image is not installed: run this with `uv run --with scikit-image python ...`")
    DATA.mkdir(exist_ok=True)
    for name in NAMES:
        target = DATA / f"{name}.png"
        shutil.copyfile(Path(spec.origin).parent / "data" / target.name, target)
        print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
