"""Makes quickstart.ipynb of the cells in quickstart.py, runs it, and keeps its outputs: ``make notebook``.

A line ``# %%`` begins a cell of code and ``# %% [markdown]`` one of text, whose lines are comments. What stands before
the first of them is the script's own.
"""

import argparse
import pathlib
import re

import nbclient
import nbformat

SCRIPT = pathlib.Path(__file__).with_name("quickstart.py")
MARKER = re.compile(r"^# %%( \[markdown\])?\n", re.MULTILINE)
TIMEOUT = 600  # seconds that a cell may take


def cells_of(script: str) -> list[tuple[str, str]]:
    """The cells of a script: pairs of a kind, "code" or "markdown", and a source.

    >>> cells_of('# %% [markdown]\\n# # Title\\n\\n# %%\\n1 + 1\\n')
    [('markdown', '# Title'), ('code', '1 + 1')]
    """
    _, *parts = MARKER.split(script)
    cells = []
    for markdown, source in zip(parts[::2], parts[1::2], strict=True):
        if markdown:
            cells.append(("markdown", re.sub("^# ?", "", source.strip(), flags=re.MULTILINE)))
        else:
            cells.append(("code", source.strip()))
    return cells


def notebook_of(script: str) -> nbformat.NotebookNode:
    """A notebook of a script's cells, without outputs. The same script gives the same notebook."""
    made = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    cells = [made[kind](source, id=f"cell-{n}") for n, (kind, source) in enumerate(cells_of(script), 1)]
    return nbformat.v4.new_notebook(cells=cells)


def run_cells(notebook: nbformat.NotebookNode, folder: pathlib.Path) -> None:
    """Run a notebook's cells in a folder and keep their outputs, but nothing of progress bars, which clear themselves.

    Raises ``nbclient.exceptions.CellExecutionError`` where a cell fails.
    """
    client = nbclient.NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("text", "a result").strip()]
    notebook.metadata.pop("language_info")  # names the Python that it ran on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("script", nargs="?", type=pathlib.Path, default=SCRIPT, help="the script; quickstart.py")
    script = parser.parse_args().script
    notebook = notebook_of(script.read_text(encoding="utf-8"))
    run_cells(notebook, script.parent)
    nbformat.validate(notebook)
    nbformat.write(notebook, script.with_suffix(".ipynb"))


if __name__ == "__main__":
    main()
