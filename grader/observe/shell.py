"""The notebook's interpreter: IPython's shell without history, kernel, windows or commands of the machine."""

from __future__ import annotations

import ast
import sys
import warnings
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList
from traitlets.config import Config

from grader.observe.traceback import CELL_FILE

_COMMAND_MAGICS = ("pip", "conda", "mamba", "micromamba", "uv", "system", "sx")
_SCRIPT_MAGICS = (
    "bash",
    "sh",
    "script",
    "perl",
    "ruby",
    "pypy",
    "python2",
    "python3",
    "python",
    "system",
    "sx",
)


class _CellCompiler(CachingCompiler):
    """Names each cell's code "<cell 4>", so that tracebacks can be told in the student's own terms."""

    cell = 0

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return CELL_FILE.format(self.cell)


class NotebookShell(InteractiveShell):
    """IPython's shell for cells: magics and display work, shell lines are noted and not run.

    Attributes:
        not_run: The commands that were left out.
    """

    compile: _CellCompiler

    def __init__(self) -> None:
        self.not_run: list[str] = []
        config = Config()
        config.HistoryManager.enabled = False
        config.HistoryAccessor.enabled = False
        config.InteractiveShell.colors = "NoColor"
        config.InteractiveShell.cache_size = 0
        config.InteractiveShell.ast_node_interactivity = "none"
        super().__init__(config=config, compiler_class=_CellCompiler)
        self.display_trap.hook = sys.displayhook
        self._replace_magics()
        warnings.filterwarnings("ignore", message="To exit: use 'exit'")
        warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

    def run(self, number: int, source: str) -> BaseException | None:
        """Run a cell.

        Args:
            number: The cell's number, for tracebacks.
            source: Its text.

        Returns:
            The error that it ended with, None for none.
        """
        self.compile.cell = number
        result = self.run_cell(source, store_history=False, silent=False)
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error

    def transform_cell(self, raw_cell: str) -> str:
        """As IPython's, which looks at every token of a cell; one that is Python as it stands is left as it is."""
        if not _is_python(raw_cell):
            return str(super().transform_cell(raw_cell))
        return raw_cell if raw_cell.endswith("\n") else f"{raw_cell}\n"

    def should_run_async(self, raw_cell: str, **how: Any) -> bool:
        """As IPython's, which compiles a cell twice to find out."""
        return ("await" in raw_cell or "async" in raw_cell) and bool(super().should_run_async(raw_cell, **how))

    def system(self, cmd: str) -> None:
        """Note a shell line and do not run it."""
        self._note(f"!{cmd}")
        self.user_ns["_exit_code"] = 0

    system_raw = system_piped = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """Note a shell line and give back no output."""
        self._note(f"!{cmd}")
        return SList([]) if split else ""

    def ask_exit(self) -> None:
        """End the cell, not the process, when a cell calls ``exit()`` or ``quit()``."""
        raise SystemExit("the cell called exit()")

    def enable_gui(self, gui: str | None = None) -> None:
        """Open no windows."""

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str, str]:
        """Keep the backend that draws to memory: figures do no harm and nobody looks at them here."""
        return "agg", "agg"

    def init_sys_modules(self) -> None:
        """Make the cells' namespace the ``__main__`` module, which DataLoader workers and pickling look for."""
        super().init_sys_modules()
        sys.modules["__main__"] = self.user_module

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Show nothing: the error itself is returned by `run` and reported with its cell and line."""

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """Show nothing, as `showtraceback`."""

    def _note(self, line: str) -> None:
        self.not_run.append(line[:120])

    def _replace_magics(self) -> None:
        def not_run(line: str, cell: str = "") -> None:
            first = cell.strip().splitlines()[0] if cell.strip() else line
            self._note(first)

        def unavailable(_line: str, _cell: str = "") -> None:
            raise UsageError("this magic command is not available while grading")

        magics = self.magics_manager.magics
        magics["line"] |= dict.fromkeys(_COMMAND_MAGICS, not_run)
        magics["cell"] |= dict.fromkeys(_SCRIPT_MAGICS, not_run)
        magics["line"] |= dict.fromkeys(("debug", "pdb", "edit"), unavailable)


def _is_python(cell: str) -> bool:
    """Whether IPython would run a cell's text as it is.

    It takes a single line such as ``pwd`` for a command, and leaves out empty lines at the start and prompts.
    """
    if "\n" not in cell.strip() or cell[0].isspace() or "In [" in cell:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is compiled once more, and then they are shown
            ast.parse(cell)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, IPython says so
        return False
    return True
