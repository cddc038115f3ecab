"""``grader doctor``: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import argparse
import sys

import msgspec
from rich.table import Table
from rich.text import Text

from grader.cli.show import terminal
from grader.doctor import Examination, examine


def run(arguments: argparse.Namespace) -> int:
    """Examine this machine and print what was found.

    Returns:
        0 when student code can be confined and torch imported; 1 otherwise.
    """
    found = examine()
    if arguments.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n")
    else:
        _show(found)
    return 0 if found.mode != "none" and found.devices else 1


def _show(found: Examination) -> None:
    console = terminal(False)
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in found.findings:
        mark = Text("✓", style="green") if finding.works else Text("✗", style="yellow")
        table.add_row(mark, finding.name, Text(finding.detail))
        if finding.advice:
            table.add_row("", "", Text(f"→ {finding.advice}", style="dim"))
    console.print(table)
    words = {"namespaces": "all layers", "landlock": "the layers that need no namespace", "none": "not confined"}
    console.print(f"\nStudent code here: {words[found.mode]}", style="bold")
    for layer in found.layers:
        console.print(Text(f"  {layer}"))
    console.print(f"Devices: {', '.join(found.devices) or 'none'}")
    console.print("Versions: " + ", ".join(f"{name} {number or '-'}" for name, number in found.versions.items()))
