import json
import os
import zipfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.notebook.read import BadNotebook, read


@pytest.fixture
def save(tmp_path):
    def save(content: object, name: str = "hw2.ipynb", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            path.write_bytes(text.encode(encoding))
        return path

    return save


def refusal(path: Path) -> str:
    with pytest.raises(BadNotebook) as caught:
        read(path)
    text = str(caught.value)
    assert text.startswith(f"{path.name}: ") and "\n" not in text
    return text.removeprefix(f"{path.name}: ")


def code(source: object = "x = 1", **fields: object) -> dict:
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
    return cell | fields


def notebook(*cells: object, **fields: object) -> dict:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 4} | fields


JUPYTERLAB = {
    "cells": [
        {"cell_type": "markdown", "id": "1f0c", "metadata": {}, "source": ["# Hooks\n", "Text"]},
        code(["import torch\n", "x = 1"], id="8d2c-11_a", execution_count=1),
        {"cell_type": "raw", "id": "9a", "metadata": {"raw_mimetype": ""}, "source": "raw"},
        code(
            ["x"],
            id="77",
            execution_count=2,
            metadata={"tags": ["keep"], "jupyter": {"source_hidden": True}},
            outputs=[
                {"output_type": "execute_result", "execution_count": 2, "metadata": {}, "data": {"text/plain": ["1"]}},
                {"output_type": "stream", "name": "stderr", "text": ["a\n", "b"]},
                {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"image/png": "aGk=\n", "application/vnd.plotly.v1+json": {"data": [{"x": [1, 2]}]}},
                },
            ],
        ),
    ],
    "metadata": {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"codemirror_mode": {"name": "ipython", "version": 3}, "name": "python", "version": "3.12.1"},
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}
COLAB = {
    "nbformat": 4,
    "nbformat_minor": 0,
    "metadata": {
        "colab": {"provenance": [], "gpuType": "T4", "toc_visible": True},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
        "accelerator": "GPU",
    },
    "cells": [
        {"cell_type": "markdown", "source": ["# Hooks"], "metadata": {"id": "fPq_Zr1"}},
        {
            "cell_type": "code",
            "source": ['#@title Setup { display-mode: "form" }\n', "!pip install torch"],
            "metadata": {
                "id": "aB3dE",
                "colab": {"base_uri": "https://localhost:8080/", "height": 35},
                "outputId": "6a2f0c0e-7d7b-4a51-a3a5-6a6a42c7a5a1",
                "executionInfo": {"status": "ok", "timestamp": 1700000000000, "user": {"displayName": "Ada"}},
            },
            "execution_count": 1,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["done\n"]}],
        },
        {"cell_type": "code", "source": [], "metadata": {"id": "x"}, "execution_count": None, "outputs": []},
    ],
}
KAGGLE = {
    "metadata": {
        "kernelspec": {"language": "python", "display_name": "Python 3", "name": "python3"},
        "kaggle": {"accelerator": "gpu", "dataSources": [], "isGpuEnabled": True},
    },
    "nbformat_minor": 4,
    "nbformat": 4,
    "cells": [
        {
            "cell_type": "code",
            "source": "import numpy as np\r\nx = 1",
            "metadata": {
                "_uuid": "8f2839f25d086af736a60e9eeb907d3b93b6e0e5",
                "_cell_guid": "b1076dfc-b9ad-4769-8c92-a6c4dae69d19",
                "trusted": True,
                "execution": {"iopub.status.busy": "2025-01-01T00:00:00.0Z"},
            },
            "execution_count": None,
            "outputs": [],
        }
    ],
}
VSCODE = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": 3,
            "metadata": {"vscode": {"languageId": "python"}},
            "outputs": [{"data": {"text/html": ["<b>", "1</b>"]}, "metadata": {}, "output_type": "display_data"}],
            "source": ["x = 'ä'\n"],
        }
    ],
    "metadata": {"interpreter": {"hash": "aee8"}, "language_info": {"name": "python"}, "orig_nbformat": 4},
    "nbformat": 4,
    "nbformat_minor": 2,
}
VERSION_3 = {
    "metadata": {"name": "", "signature": "sha256:00"},
    "nbformat": 3,
    "nbformat_minor": 0,
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Hooks"]},
                {
                    "cell_type": "code",
                    "collapsed": False,
                    "input": ["x = 1\n", "x"],
                    "language": "python",
                    "metadata": {},
                    "outputs": [{"output_type": "pyout", "prompt_number": 1, "text": ["1"]}],
                    "prompt_number": 1,
                },
                {"cell_type": "markdown", "metadata": {}, "source": "text"},
            ],
        }
    ],
}


@pytest.mark.parametrize(
    ("document", "sources"),
    [
        (JUPYTERLAB, ["# Hooks\nText", "import torch\nx = 1", "raw", "x"]),
        (COLAB, ["# Hooks", '#@title Setup { display-mode: "form" }\n!pip install torch', ""]),
        (KAGGLE, ["import numpy as np\nx = 1"]),
        (VSCODE, ["x = 'ä'\n"]),
        (VERSION_3, ["## Hooks", "x = 1\nx", "text"]),
    ],
    ids=["JupyterLab", "Colab", "Kaggle", "VS Code", "version 3"],
)
def test_notebooks_of_every_tool_are_read_into_one_valid_shape(save, document, sources):
    read_notebook = read(save(document))

    assert [cell.source for cell in read_notebook.cells] == sources
    assert read_notebook.metadata == document["metadata"]
    assert read_notebook.notices == ()
    nbformat.validate(nbformat.from_dict(dict(read_notebook.node)))


def test_code_cells_are_counted_from_one_and_other_cells_are_zero(save):
    read_notebook = read(save(JUPYTERLAB))

    assert [(cell.kind, cell.number) for cell in read_notebook.cells] == [
        ("markdown", 0),
        ("code", 1),
        ("raw", 0),
        ("code", 2),
    ]
    assert [cell.number for cell in read_notebook.code] == [1, 2]


def test_ids_and_outputs_are_kept_for_rendering(save):
    node = read(save(JUPYTERLAB)).node

    assert [cell["id"] for cell in node["cells"]] == ["1f0c", "8d2c-11_a", "9a", "77"]
    result, stream, error, display = node["cells"][3]["outputs"]
    assert result["data"] == {"text/plain": "1"}
    assert (stream["name"], stream["text"]) == ("stderr", "a\nb")
    assert error["traceback"] == ["t"]
    assert display["data"]["application/vnd.plotly.v1+json"] == {"data": [{"x": [1, 2]}]}


@pytest.mark.parametrize(
    "document",
    [
        {"cells": [{"cell_type": "code", "source": "x = 1"}]},
        notebook(code(outputs=None, metadata=None, id=7)),
        notebook(code(outputs=[None, 3, {"output_type": "new"}, {"output_type": "stream"}], extra=1), extra={"a": 1}),
        notebook(code(id="same"), code("", id="same"), code(None, id="not valid!"), code([], id="x" * 65)),
        {"cells": [code()], "nbformat": 4, "metadata": None},
        notebook(
            code(execution_count="3"), {"cell_type": "markdown", "source": "", "attachments": {"a": {"image/png": "x"}}}
        ),
    ],
)
def test_fields_that_are_missing_wrong_or_too_many_are_mended(save, document):
    read_notebook = read(save(document))

    assert read_notebook.code[0].source == "x = 1"
    nbformat.validate(nbformat.from_dict(dict(read_notebook.node)))


def test_a_byte_order_mark_and_windows_line_ends_are_read(save):
    text = json.dumps(notebook(code("x = 1\r\ny = 2\rz")), indent=1).replace("\n", "\r\n")

    assert read(save(text, encoding="utf-8-sig")).code[0].source == "x = 1\ny = 2\nz"


def test_halves_of_characters_are_replaced_and_reported(save):
    found = read(save(json.dumps(notebook(code("x = '\ud800' '\U0001f600'")))))

    assert found.code[0].source == "x = '\ufffd' '\U0001f600'"
    assert found.notices == ("hw2.ipynb held characters that no text can hold (lone surrogates); they were replaced",)


def test_a_nul_in_a_cell_is_left_for_the_cell_to_fail_with(save):
    assert read(save(notebook(code("x = 1\x00")))).code[0].source == "x = 1\x00"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty: save the notebook again and hand that file in"),
        (b" \n", "the file is empty: save the notebook again and hand that file in"),
        (
            b'{"cells": [\n {"cell_type": "co',
            "it is not valid JSON (line 2, column 16: Unterminated string starting at)",
        ),
        (b'{"cells": [],}', "it is not valid JSON (line 1, column 14: "),
        (b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n", "it holds an unresolved merge conflict"),
        (
            b"<!DOCTYPE html><title>Sign in</title>",
            "it is a web page, not a notebook: download the notebook file itself",
        ),
        (b"[]", "it is JSON but no notebook: a list at the top, a notebook is an object"),
        (b"3", "it is JSON but no notebook: a number at the top"),
        (b"{}", "it is JSON but no notebook: it has no list of cells"),
        (b'{"worksheets": [{"cells": 3}]}', "it is JSON but no notebook: a worksheet has no list of cells"),
        (notebook(nbformat=2), "it is of notebook format 2; formats 3 and 4 are read: open it in Jupyter and save"),
        (notebook(nbformat=5), "it is of notebook format 5; formats 3 and 4 are read"),
        (notebook(nbformat="4"), "its nbformat is text, not a version number"),
        (notebook(nbformat=True), "its nbformat is true or false, not a version number"),
        (b'{"cells": [], "nbformat": ' + b"9" * 5000 + b"}", "it is not valid JSON: it holds a number with thousands"),
        (notebook(code(), code(7)), "the source of cell 2 is a number, not text"),
        (notebook(code([["x"]])), "the source of cell 1 is a list, not text"),
        (notebook(3), "cell 1 is a number, not a cell"),
        (notebook({"source": ""}), "the type of cell 1 is nothing; it must be code, markdown or raw"),
        (notebook({"cell_type": "sql"}), "the type of cell 1 is 'sql'; it must be code, markdown or raw"),
        (b"%PDF-1.7", "it is a PDF file, not a notebook, whatever its name says: hand in the notebook itself"),
        (b"PK\x03\x04\x14\x00\x00\x00", "it is a zip archive, not a notebook"),
        (b"PK\x03\x04\x14\x00\x01\x00", "it is an encrypted zip archive, not a notebook"),
        (b"\x1f\x8b\x08", "it is a gzip archive, not a notebook"),
        (b"\x00GITCRYPT\x00", "it is an encrypted file (git-crypt), not a notebook"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a Git LFS pointer and not the file itself"),
        ("é".encode("utf-16"), "it is encoded in UTF-16 or UTF-32; notebooks are UTF-8: save it again as UTF-8"),
        ("{}  ".encode("utf-16-le"), "it is encoded in UTF-16 or UTF-32"),
        (b'{"a":\n "caf\xe9"}', "it is not UTF-8: byte 0xe9 at position 11 (line 2): save it again as UTF-8"),
    ],
)
def test_what_is_no_notebook_is_refused_in_a_sentence(save, content, told):
    assert refusal(save(content)).startswith(told)


def test_what_is_no_file_is_refused_in_a_sentence(tmp_path, save):
    assert refusal(tmp_path / "no.ipynb") == "there is no such file"
    assert refusal(save("x", "file.py") / "no.ipynb") == "there is no such file"
    (tmp_path / "folder.ipynb").mkdir()
    assert refusal(tmp_path / "folder.ipynb") == "it is a folder, not a file"
    assert refusal(save("x", "notes.txt")) == "it is neither a notebook (.ipynb) nor a Python file (.py)"
    with pytest.raises(BadNotebook, match="there is no such file"):
        read(tmp_path / "a\0.ipynb")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")

    assert refusal(tmp_path / "pipe.ipynb") == "it is not a regular file"


def test_control_characters_of_a_file_name_reach_no_terminal(save):
    with pytest.raises(BadNotebook) as caught:
        read(save(b"", "a\x1b[31m.ipynb"))
    assert str(caught.value).startswith("a\ufffd[31m.ipynb: ")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"metadata":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "it is nested too deeply or too large to be read"),
        (notebook(metadata={"a": json.loads("[" * 150 + "]" * 150)}), "its JSON is nested more than 100 levels deep"),
        (notebook(*[code()] * 5_001), "it has more than 5,000 cells, which is more than is read"),
        (b'{"cells": [' + b"{}," * 5_000 + b"{}]}", "it has 5,001 cells; at most 5,000 are read"),
        (notebook(code("x" * 1_000_001)), "cell 1 has 1,000,001 characters; at most 1,000,000 are read"),
        (b'{"a": [' + b"[]," * 2_500_001, "it holds more values than are read: clear its outputs and save it again"),
        (b" " * (64 * 2**20) + b"{}", "it is larger than 64 MiB: clear its outputs and save it again"),
    ],
    ids=["deep", "deeper", "cells", "cells without type", "long cell", "values", "bytes"],
)
def test_what_would_cost_too_much_is_refused(save, content, told):
    assert refusal(save(content)) == told


def test_a_real_zip_under_a_notebooks_name_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "hw2.ipynb", "w") as archive:
        archive.writestr("hw2.ipynb", "{}")

    assert refusal(tmp_path / "hw2.ipynb").startswith("it is a zip archive")


PERCENT = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Hooks
# Text

# %% tags=["a"]
# %matplotlib inline
import torch

x = 1

# %%
y = 2
"""


def test_a_percent_file_is_read_with_its_magics_and_text(save):
    found = read(save(PERCENT, "solution.py"))

    assert [(cell.kind, cell.number, cell.source) for cell in found.cells] == [
        ("markdown", 0, "# Hooks\nText"),
        ("code", 1, "%matplotlib inline\nimport torch\n\nx = 1"),
        ("code", 2, "y = 2"),
    ]
    nbformat.validate(nbformat.from_dict(dict(found.node)))


def test_a_script_without_cells_is_one_cell(save):
    assert [cell.source for cell in read(save("x = 1\r\n\r\ny = 2\r\n", "a.py")).cells] == ["x = 1\n\ny = 2"]


def test_the_header_of_a_percent_file_cannot_blow_up(save):
    laughs = "".join(f"# l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))

    assert read(save(f"# ---\n# l0: &l0 x\n{laughs}# ---\n\n# %%\nx = 1\n", "a.py")).code[0].source == "x = 1"


def test_a_percent_file_that_is_too_large_is_refused(save):
    assert refusal(save("# %%\n" * 5_001, "a.py")) == "it has more than 5,000 cells, which is more than is read"
    assert refusal(save("#" * 1_000_001, "a.py")).startswith("it has 1,000,001 characters; at most 1,000,000 of a .py")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "cells",
                    "cell_type",
                    "source",
                    "outputs",
                    "metadata",
                    "nbformat",
                    "worksheets",
                    "input",
                    "id",
                    "output_type",
                    "data",
                    "text",
                ]
            ),
            inner | st.sampled_from(["code", "markdown", "raw", "heading", "stream", "display_data"]),
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(JSON, max_size=3), fields=st.dictionaries(st.sampled_from(["metadata", "nbformat"]), JSON))
def test_any_json_gives_a_valid_notebook_or_a_sentence(save, cells, fields):
    path = save(json.dumps(notebook(*cells, **fields)))
    try:
        found = read(path)
    except BadNotebook as error:
        assert str(error).startswith("hw2.ipynb: ")
    else:
        json.dumps(found.node).encode()
        assert len(found.node["cells"]) == len(cells)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace")),
    start=st.sampled_from([b"", b"# %%", b"# ---\n", b"{", b'{"cells": [', b"PK", b"\xef\xbb\xbf"]),
    name=st.sampled_from(["a.ipynb", "a.py"]),
)
def test_any_bytes_give_a_notebook_or_a_sentence(save, data, start, name):
    try:
        found = read(save(start + data, name))
    except BadNotebook as error:
        assert str(error).startswith(f"{name}: ")
    else:
        json.dumps(found.node).encode()
