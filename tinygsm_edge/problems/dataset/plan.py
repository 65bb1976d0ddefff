"""What a training set shall hold: sources, shares, and everything that decides its bytes."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.composition.bank import PHRASES
from tinygsm_edge.problems.dataset.units import SOURCES
from tinygsm_edge.problems.problem import Problem, shards, to_row
from tinygsm_edge.problems.templates.lexicon import LIBRARY

DEFAULT_MIX = {
    "real": 0.05, "mathcamps": 0.04, "resampled": 0.35, "tinygsm": 1.0, "teacher": 0.5, "template": 0.36,
    "composed": 0.2,
}  # fmt: skip
_NEEDS = {
    "real": "--gsm8k FILE", "resampled": "--gsm8k FILE", "mathcamps": "--mathcamps FILE",
    "tinygsm": "--tinygsm NAME_OR_FILE", "teacher": "--teacher FILE",
}  # fmt: skip
SHARD_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A training set to be made.

    Attributes:
        size: problems in all. seed: of every draw. mix: share of each source, in any scale; None for
            :data:`DEFAULT_MIX` over the sources there are.
        real: problems with solutions; repeated as their share demands, and the stock of ``resampled``.
        mathcamps: problems with solutions; their own variants fill up what they lack.
        tinygsm, teacher: problems with solutions from elsewhere, read once.
        validation: held-out problems; nothing of the set shares thirteen words in a row with one.
        decontaminate: folder of evaluation hashes, or file of evaluation questions.
        library: folder of templates. shard_rows: problems in one file.
        keep_alike: near-duplicates may stay, for a few templates of which many draws are wanted.
        origins: what the sources were read from.
    """

    size: int
    seed: int = 0
    mix: Mapping[str, float] | None = None
    real: Sequence[Problem] = ()
    mathcamps: Sequence[Problem] = ()
    tinygsm: Iterable[Problem] | None = None
    teacher: Iterable[Problem] | None = None
    validation: Sequence[Problem] = ()
    decontaminate: Path | None = None
    library: Path = LIBRARY
    shard_rows: int = SHARD_ROWS
    keep_alike: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Problems wanted of each source.

        Raises:
            UserError: a share for a source of which nothing is given, or no share at all.
        """
        there = {
            "real": bool(self.real), "resampled": bool(self.real), "mathcamps": bool(self.mathcamps),
            "tinygsm": self.tinygsm is not None, "teacher": self.teacher is not None, "template": True,
            "composed": True,
        }  # fmt: skip
        mix = self.mix or {name: share for name, share in DEFAULT_MIX.items() if there[name]}
        missing = [name for name, share in mix.items() if share and not there[name]]
        if missing:
            raise UserError(f"--mix asks for {missing[0]} problems, which need {_NEEDS[missing[0]]}")
        total = sum(mix.values())
        if self.size < 1 or total <= 0 or self.shard_rows < 1:
            raise UserError("--size and --shard-rows must be at least 1 and the shares of --mix must not all be 0")
        # Cumulative rounding: the counts add up to the size.
        counts, reached, before = dict.fromkeys(SOURCES, 0), 0.0, 0
        for name in SOURCES:
            reached += mix.get(name, 0.0) / total
            counts[name] = round(reached * self.size) - before
            before += counts[name]
        return counts

    @property
    def shards(self) -> int:
        return -(-self.size // self.shard_rows)

    def fingerprint(self) -> str:
        """A hash of everything that decides the bytes of the set; a data set on a hub goes by its name."""
        settings = [self.size, self.seed, self.shard_rows, self.keep_alike]
        digest = hashlib.sha256(json.dumps([*settings, self.counts()]).encode())
        for problems in (self.real, self.mathcamps, self.validation):
            digest.update(json.dumps([to_row(problem) for problem in problems]).encode())
        for path in _files(self.library, self.decontaminate):
            digest.update(path.read_bytes())
        for name, origin in sorted(self.origins.items()):
            if name in ("tinygsm", "teacher"):
                digest.update(f"{name}={_identity(origin)}".encode())
        return digest.hexdigest()


def _identity(origin: str) -> str:
    """What tells one origin from another: a local file's content, the name of anything else."""
    path = Path(origin)
    if not path.exists():
        return origin
    digest = hashlib.sha256()
    for file in shards(path) if path.suffix != ".parquet" else [path]:
        with open(file, "rb") as data:
            digest.update(hashlib.file_digest(data, "sha256").digest())
    return digest.hexdigest()


def _files(library: Path, decontaminate: Path | None) -> Iterator[Path]:
    yield from sorted(Path(__file__).parents[1].rglob("*.py"))  # other code may draw other problems
    yield PHRASES
    yield from sorted(library.glob("*.yaml"))
    yield from sorted((LIBRARY / "lexicon").glob("*.yaml"))
    if decontaminate:
        yield from [decontaminate] if decontaminate.is_file() else sorted(decontaminate.glob("*.npy"))


def parse_mix(text: str) -> dict[str, float]:
    """Shares from ``real=0.1,template=0.9``.

    Raises:
        UserError: an unknown source, or a share that is no number from 0 up.
    """
    mix: dict[str, float] = {}
    for item in text.split(","):
        name, _, share = item.strip().partition("=")
        try:
            mix[name] = float(share)
        except ValueError:
            mix[name] = -1.0
        if name not in SOURCES or not 0 <= mix[name] < float("inf"):
            raise UserError(
                f"--mix: cannot read {item.strip()!r}; write shares like real=0.2,template=0.8 of {', '.join(SOURCES)}"
            )
    return mix
