"""Files that are whole or absent, and JSON lines that name the line they choke on."""

import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tinygsm_edge.errors import UserError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary file beside ``target`` that takes its name when the block ends well, and is gone when it does not."""
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes the file private; give it the mode an ordinary open() would have.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON lines file with their line numbers, counted from 1; blank lines are passed over.

    A file whose name ends in ``.zst`` is decompressed on the way.

    Raises:
        UserError: the file cannot be read, or a line is not a JSON object: names file and line.
    """
    try:
        for number, line in enumerate(_lines(Path(path)), start=1):
            if line.strip():
                yield number, parse_object(line, f"{path}:{number}")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


def _lines(path: Path) -> Iterator[bytes]:
    if path.suffix != ".zst":
        with open(path, "rb") as lines:
            yield from lines
        return
    zstandard = import_zstandard()
    if path.stat().st_size < 9:  # the smallest frame there is
        raise UserError(f"{path}: not a zstandard file, or a damaged one (it is all but empty)")
    try:
        with io.BufferedReader(zstandard.open(path, "rb")) as lines:
            yield from lines
    except zstandard.ZstdError as error:
        raise UserError(f"{path}: not a zstandard file, or a damaged one ({error})") from error


def import_zstandard() -> Any:
    """The zstandard module, which only the training half of the project needs."""
    try:
        import zstandard
    except ImportError as error:
        raise UserError("compressed problems need zstandard: pip install 'tinygsm-edge[data]'") from error
    return zstandard


def drop_cut_line(path: Path) -> None:
    """Remove a last line without its newline: what a kill leaves of a file that is written line by line."""
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        with open(path, "r+b") as file:
            file.truncate(data.rfind(b"\n") + 1)


def parse_object(line: bytes, where: str) -> dict[str, Any]:
    """One JSON object from one line; ``where`` names the line in the error.

    Raises:
        UserError: not UTF-8, not JSON, nested too deeply, or not an object.
    """
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested or numbered beyond sense"
        raise UserError(f"{where}: not valid JSON ({reason})") from error
    if not isinstance(row, dict):
        raise UserError(f'{where}: expected a JSON object like {{"question": "..."}}, got {type(row).__name__}')
    return row


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as JSON lines, atomically; returns how many."""
    count = 0
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count
