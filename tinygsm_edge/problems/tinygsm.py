"""TinyGSM itself (arXiv 2312.09241), or a set in its format: columns ``question`` and ``code``.

By name from the Hugging Face hub through ``datasets``, streamed, so that none of its 12 million rows need fit into
memory; or from a local file: JSON lines (plain or ``.zst``), a folder of shards, or Parquet.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinygsm_edge.errors import UserError
from tinygsm_edge.files import read_jsonl
from tinygsm_edge.problems.problem import Problem, from_row, shards


def read_tinygsm(name: str) -> Iterator[Problem]:
    """The problems of a local file or of a data set on the hub, one by one.

    A row that is no problem comes as one without question and solution, so that whoever filters counts it: nobody has
    read the public set row by row.

    Raises:
        UserError: there is no such file or data set, or ``datasets`` is not installed.
    """
    path = Path(name)
    if path.exists() and path.suffix != ".parquet":
        return (_problem(row, f"{file}:{number}") for file in shards(path) for number, row in read_jsonl(file))
    if not path.exists() and (path.suffix or name.count("/") != 1):
        raise UserError(f"--tinygsm {name}: no such file; a data set of the hub is named like TinyGSM/TinyGSM")
    return _streamed(name, path)


def _streamed(name: str, path: Path) -> Iterator[Problem]:
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise UserError("--tinygsm needs datasets: pip install 'tinygsm-edge[data]'") from error
    try:
        if path.exists():
            rows = load_dataset("parquet", data_files=str(path), split="train", streaming=True)
        else:
            rows = load_dataset(name, split="train", streaming=True)
        for number, row in enumerate(rows, start=1):
            yield _problem(row, f"{name}:{number}")
    except (OSError, ValueError) as error:
        raise UserError(f"--tinygsm {name}: cannot be read ({str(error).splitlines()[0]})") from error


def _problem(row: dict[str, Any], where: str) -> Problem:
    try:
        return from_row(row, where)
    except UserError:
        return Problem("", None)
