"""The duo folder: generator, verifier and tokenizer as files, with a manifest that says what they are.

A duo is data, never code: ``duo.json`` names exactly the three files below with size and SHA-256, and a folder that
differs from its manifest is refused before anything in it is opened. ``README.md``, the model card, is for people and
is not listed, so a corrected card does not break a duo.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygsm_edge.engine import Generator, Verifier
from tinygsm_edge.errors import UserError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SCHEMA = "tinygsm_edge.duo/1"
MANIFEST, GENERATOR, VERIFIER, TOKENIZER, CARD = (
    "duo.json", "generator.onnx", "verifier.onnx", "tokenizer.json", "README.md",
)  # fmt: skip
LISTED = (GENERATOR, VERIFIER, TOKENIZER)
DEFAULT = Path(__file__).parent / "default_duo"


@dataclass(frozen=True, slots=True)
class Duo:
    """A duo folder that has passed its check."""

    folder: Path
    manifest: Mapping[str, Any]
    tokenizer: "Tokenizer"

    @classmethod
    def load(cls, path: Path | None = None) -> "Duo":
        """Check and open the duo folder at ``path``; None is the one that came with the package.

        Raises:
            UserError: no such folder, a manifest of another schema or with bad values, a file missing or altered.
        """
        folder = DEFAULT if path is None else Path(path)
        if path is None and not folder.is_dir():
            raise UserError("this installation has no default duo: give one with --duo PATH")
        manifest = read_manifest(folder)
        for name in LISTED:
            _check_file(folder, name, manifest["files"][name])
        return cls(folder, manifest, _open_tokenizer(folder / TOKENIZER, manifest["vocabulary_size"]))

    @property
    def name(self) -> str:
        return self.manifest["name"]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the files' hashes: two duos with the same fingerprint answer alike."""
        hashes = [self.manifest["files"][name]["sha256"] for name in LISTED]
        return hashlib.sha256("".join(hashes).encode()).hexdigest()

    @property
    def context(self) -> int:
        """Most tokens of prompt and completion together."""
        return self.manifest["context"]

    @property
    def end_token(self) -> int:
        return self.manifest["end_token"]

    def encode(self, text: str) -> list[int]:
        """Token ids of ``text``. A special token's name in the text is plain text: it cannot end anything."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of ``tokens``; special tokens are left out."""
        return self.tokenizer.decode(list(tokens))

    def open_generator(self, provider: str = "cpu", threads: int | None = None) -> Generator:
        """The generator on a provider (``cpu``, ``cuda``, ``auto``). Raises UserError as Generator does."""
        path = self.folder / GENERATOR
        return Generator(path, end_token=self.end_token, context=self.context, provider=provider, threads=threads)

    def open_verifier(self, provider: str = "cpu", threads: int | None = None) -> Verifier:
        """The verifier on a provider. Raises UserError as Verifier does."""
        path = self.folder / VERIFIER
        return Verifier(path, end_token=self.end_token, context=self.context, provider=provider, threads=threads)


def read_manifest(folder: Path) -> dict[str, Any]:
    """``duo.json`` of a folder, with every value the engine relies on checked.

    Raises:
        UserError: one line that names the folder and what is wrong with it.
    """
    if not folder.is_dir():
        raise UserError(f"no duo folder at {folder}")
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise UserError(f"{folder} is not a duo folder: cannot read {MANIFEST} ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{folder / MANIFEST} is not valid JSON") from error
    trouble = _manifest_trouble(manifest)
    if trouble:
        raise UserError(f"{folder / MANIFEST}: {trouble}")
    return manifest


def digest(path: Path) -> dict[str, Any]:
    """The manifest entry of a file: its size in bytes and its SHA-256."""
    with open(path, "rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _manifest_trouble(manifest: Any) -> str | None:
    """What is wrong with a manifest, or None."""
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        found = manifest.get("schema") if isinstance(manifest, dict) else None
        return f"schema is {found!r}, this version reads {SCHEMA!r}"
    if not isinstance(manifest.get("name"), str):
        return "name must be text"
    for key, least in (("context", 2), ("vocabulary_size", 2), ("end_token", 0)):
        if type(manifest.get(key)) is not int or manifest[key] < least:
            return f"{key} must be a whole number of at least {least}, got {manifest.get(key)!r}"
    if manifest["end_token"] >= manifest["vocabulary_size"]:
        return f"end_token {manifest['end_token']} is outside the vocabulary of {manifest['vocabulary_size']}"
    files = manifest.get("files")
    if not isinstance(files, dict):
        return "files must be an object of name: {size, sha256}"
    strange = [name for name in files if name not in LISTED]
    if strange:
        return f"files names {strange[0]!r}, which is no file of a duo (those are {', '.join(LISTED)})"
    for name in LISTED:
        entry = files.get(name)
        if (
            not isinstance(entry, dict)
            or type(entry.get("size")) is not int
            or not isinstance(entry.get("sha256"), str)
        ):
            return f"files has no size and sha256 for {name}"
    return None


def _check_file(folder: Path, name: str, expected: Mapping[str, Any]) -> None:
    path = folder / name
    if not path.is_file():
        raise UserError(f"duo folder {folder} is incomplete: {name} is missing")
    try:
        size = path.stat().st_size
        if size != expected["size"]:
            raise UserError(
                f"duo folder {folder} is broken: {name} has {size} bytes, its manifest says {expected['size']}"
            )
        found = digest(path)["sha256"]
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    if found != expected["sha256"]:
        raise UserError(f"duo folder {folder} is broken: {name} is not the file in its manifest (sha256 differs)")


def _open_tokenizer(path: Path, vocabulary_size: int) -> "Tokenizer":
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise UserError(f"{path} is not a tokenizer.json: {str(error).splitlines()[0]}") from error
    if tokenizer.get_vocab_size() > vocabulary_size:
        raise UserError(f"{path} has {tokenizer.get_vocab_size()} tokens, the model knows {vocabulary_size}")
    tokenizer.encode_special_tokens = True
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
