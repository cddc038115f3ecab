"""YAML tables in the cells of otter assign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.importing.errors import BadImport


def read_yaml(text: str, where: str) -> Mapping[str, Any]:
    r"""Read a table; plain values only, nothing in it is run.

    Args:
        text: The YAML.
        where: What error messages call it.

    Returns:
        The table; empty where there is nothing but comments.

    Raises:
        BadImport: It is no YAML, or no table.

    Example:
        >>> read_yaml("# BEGIN QUESTION\nname: q1\npoints: [1, 2]", "cell 3")
        {'name': 'q1', 'points': [1, 2]}
    """
    import yaml

    try:
        table = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BadImport(f"{where}{line}: its configuration is no YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(table, Mapping | None):
        raise BadImport(f"{where}: its configuration is no table of names and values, such as name: q1")
    return {str(key): value for key, value in (table or {}).items()}
