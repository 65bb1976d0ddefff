"""Files of a training set: problems come in any order and go, shuffled, into shards of zstandard-compressed JSON lines.

Where a row goes is decided by the seed and its number alone: a first hash chooses the shard, the same hash its place
in it. Rows wait in one plain file per shard, so memory holds one shard at a time, however many there are.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from tinygsm_edge.errors import UserError
from tinygsm_edge.files import atomic_path, import_zstandard

_LEVEL = 9  # of zstandard: 1.2 times as small as level 3 on such rows, and still faster than they are made


class Spill:
    """Rows on their way to their shards."""

    def __init__(self, folder: Path, shards: int, seed: int) -> None:
        self.folder, self.shards, self.seed, self.rows = folder, shards, seed, 0
        folder.mkdir(parents=True, exist_ok=True)
        self._stack = ExitStack()
        try:
            opened = (self._path(shard).open("w", encoding="utf-8") for shard in range(shards))
            self._files: list[IO[str]] = [self._stack.enter_context(file) for file in opened]
        except OSError as error:
            self.close()
            raise UserError(f"cannot write {folder}: {error.strerror} (fewer shards: raise --shard-rows)") from error

    def add(self, row: dict[str, Any]) -> float:
        """Send a row on its way; returns its place in the set, a random number from 0 to 1."""
        place = hashlib.blake2b(f"{self.seed}:{self.rows}".encode(), digest_size=8).hexdigest()
        self._files[int(place, 16) % self.shards].write(f"{place} {json.dumps(row, ensure_ascii=False)}\n")
        self.rows += 1
        return int(place, 16) / 2**64

    def close(self) -> None:
        self._stack.close()

    def write(self, out: Path) -> Iterator[dict[str, Any]]:
        """Write the shards into a folder; yields name, rows and sha256 of each."""
        self.close()
        zstandard = import_zstandard()
        width = max(5, len(str(self.shards)))
        for shard in range(self.shards):
            # Not splitlines(): a question may hold one of the rarer line separators of Unicode.
            lines = sorted(self._path(shard).read_text(encoding="utf-8").split("\n")[:-1])
            data = "".join(line.partition(" ")[2] + "\n" for line in lines).encode()
            packed = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data)
            path = out / f"problems-{shard:0{width}}-of-{self.shards:0{width}}.jsonl.zst"
            with atomic_path(path) as temporary:
                temporary.write_bytes(packed)
            self._path(shard).unlink()
            yield {"file": path.name, "rows": len(lines), "sha256": hashlib.sha256(packed).hexdigest()}

    def _path(self, shard: int) -> Path:
        return self.folder / f"shard-{shard:05}.txt"
