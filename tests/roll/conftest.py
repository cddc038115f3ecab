"""Every platform's export can be named as the zip that it came in, or unpacked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from roll.exports import Called, Entries, as_folder, as_zip


@pytest.fixture(params=[as_zip, as_folder], ids=["zip", "folder"])
def call(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Called]:
    """Call the roll of some entries, from a zip and from a folder."""

    def called(entries: Entries, name: str = "", **options: Any) -> Called:
        named = {"name": name + (".zip" if request.param is as_zip else "")} if name else {}
        return Called(request.param(tmp_path, entries, **named), **options)

    return called
