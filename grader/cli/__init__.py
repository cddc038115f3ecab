"""The command line: commands without logic of their own."""

from grader.cli.main import main

__all__ = ["main"]
