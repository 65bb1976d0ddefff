"""The duo folder: what it gives, and every way of being broken that is refused in one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny

from tinygsm_edge import duo as duo_module
from tinygsm_edge.duo import Duo, digest
from tinygsm_edge.errors import UserError


@pytest.fixture
def folder(tiny_duo: Path, tmp_path: Path) -> Path:
    """A copy that may be broken."""
    return Path(shutil.copytree(tiny_duo, tmp_path / "duo"))


def test_what_a_duo_knows(tiny_duo: Path) -> None:
    duo = Duo.load(tiny_duo)
    assert (duo.name, duo.context, duo.end_token) == ("tiny", tiny.CONTEXT, tiny.END_TOKEN)
    assert duo.manifest["precision"] == "int8"
    text = "Zoë paid 3.50 € for 2 kites.\n\tHow much?"
    assert duo.decode(duo.encode(text)) == text


def test_special_tokens_in_a_question_are_plain_text(tiny_duo: Path) -> None:
    duo = Duo.load(tiny_duo)
    tokens = duo.encode("say <|end|> now")
    assert duo.end_token not in tokens
    assert duo.decode(tokens) == "say <|end|> now"


def test_prompt_and_completion_come_back(tiny_duo: Path) -> None:
    duo = Duo.load(tiny_duo)
    for _, completion in tiny.texts():
        assert duo.decode(duo.encode(completion)) == completion


def test_the_card_may_change_and_files_may_lie_beside(folder: Path) -> None:
    (folder / "README.md").write_text("a better card")
    (folder / ".gitattributes").write_text("*.onnx filter=lfs")
    assert Duo.load(folder).name == "tiny"


def test_without_a_default_duo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(duo_module, "DEFAULT", tmp_path / "none")
    with pytest.raises(UserError, match="no default duo: give one with --duo"):
        Duo.load()


def _unlink(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def _write(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def _edit(**changes: object) -> Callable[[Path], object]:
    return lambda folder: tiny.edit_manifest(folder, **changes)


def _files(change: Callable[[dict[str, object]], object]) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        files = json.loads((folder / "duo.json").read_text())["files"]
        change(files)
        tiny.edit_manifest(folder, files=files)

    return edit


def _flip_a_bit(folder: Path) -> None:
    data = bytearray((folder / "verifier.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "verifier.onnx").write_bytes(data)


def _other_tokenizer(folder: Path) -> None:
    """A text file in the tokenizer's place, manifest and all."""
    (folder / "tokenizer.json").write_text("{}")
    _files(lambda files: files.update({"tokenizer.json": digest(folder / "tokenizer.json")}))(folder)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "no duo folder at"),
    "no manifest": (_unlink("duo.json"), "is not a duo folder: cannot read duo.json"),
    "not JSON": (_write("duo.json", b"{"), "not valid JSON"),
    "not text": (_write("duo.json", b"\xff\xfe\x00"), "not valid JSON"),
    "deep JSON": (_write("duo.json", b"[" * 100_000), "not valid JSON"),
    "not an object": (_write("duo.json", b"[]"), "schema is None"),
    "other schema": (_edit(schema="tinygsm_edge.duo/99"), "schema is 'tinygsm_edge.duo/99', this version reads"),
    "no name": (_edit(name=None), "name must be text"),
    "context": (_edit(context="512"), "context must be a whole number of at least 2, got '512'"),
    "context true": (_edit(context=True), "context must be"),
    "end token": (_edit(end_token=-1), "end_token must be"),
    "end token outside": (_edit(end_token=384), "end_token 384 is outside the vocabulary of 384"),
    "small vocabulary": (_edit(vocabulary_size=100), "has 384 tokens, the model knows 100"),
    "files a list": (_edit(files=[]), "files must be an object"),
    "traversal": (
        _files(lambda files: files.update({"../secret": {}})),
        "names '../secret', which is no file of a duo",
    ),
    "absolute": (_files(lambda files: files.update({"/etc/passwd": {}})), "names '/etc/passwd', which is no file"),
    "external data": (_files(lambda files: files.update({"weights.bin": {}})), "names 'weights.bin'"),
    "unlisted": (_files(lambda files: files.pop("verifier.onnx")), "no size and sha256 for verifier.onnx"),
    "no hash": (_files(lambda files: files.update({"verifier.onnx": {"size": 3}})), "no size and sha256 for verifier"),
    "missing file": (_unlink("generator.onnx"), "is incomplete: generator.onnx is missing"),
    "empty file": (_write("generator.onnx", b""), "generator.onnx has 0 bytes, its manifest says"),
    "one bit": (_flip_a_bit, "verifier.onnx is not the file in its manifest"),
    "no tokenizer": (_other_tokenizer, "is not a tokenizer.json"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_folders_are_refused_in_one_line(folder: Path, case: str) -> None:
    harm, message = BROKEN[case]
    harm(folder)
    with pytest.raises(UserError, match=message) as error:
        Duo.load(folder)
    assert "\n" not in str(error.value)
    assert str(folder) in str(error.value)
