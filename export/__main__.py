"""``python -m export``: two checkpoints in, a checked duo folder out.

The folder is built beside its target under a hidden name and renamed when every check has passed; a failed or
interrupted export leaves nothing, and an existing duo is replaced only then.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from export.parity import Check

TOOLS = ("torch", "transformers", "optimum", "optimum-onnx", "onnx", "onnxruntime", "tokenizers")
EXIT_FAILED = 1
MAX_QUESTIONS = 16


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = cli.Parser(prog="python -m export", description="Export a generator and a verifier to an ONNX duo folder.")
    p.add_argument("--generator", type=Path, required=True, metavar="CKPT", help="checkpoint folder (LlamaForCausalLM)")
    p.add_argument(
        "--verifier", type=Path, required=True, metavar="CKPT", help="checkpoint folder (LlamaForTokenClassification)"
    )
    p.add_argument("--out", type=Path, required=True, metavar="DUO", help="folder to write")
    p.add_argument(
        "--precision", choices=("fp32", "int8"), default="int8", help="weights of the graphs (default: int8)"
    )
    p.add_argument("--force", action="store_true", help="replace the duo that is at --out")
    p.add_argument("--name", help="name in manifest and card (default: that of the folder)")
    p.add_argument("--problems", type=Path, metavar="FILE", help="JSONL whose questions are used to compare with torch")
    p.add_argument("--licence", default="other", help="licence in manifest and card (default: other)")
    p.add_argument(
        "--card", type=Path, metavar="FILE", help="markdown for the model card, instead of the generated text"
    )
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Export; 0 when every check passed, 1 when one failed (then nothing is written)."""
    args = parser().parse_args(arguments)
    _check_target(args.out, args.force)
    body = _read_text(args.card) if args.card else None
    questions = _questions(args.problems)
    with _folder(args.out) as (folder, keep):
        with tqdm(total=5, disable=None, leave=False) as bar:
            manifest, checks = _build(args, folder, questions, bar)
        for check in checks:
            print(check)
        failed = [check for check in checks if not check.passed]
        if failed:
            print(f"FAILED: {failed[0].name}; nothing was written")
            return EXIT_FAILED
        _finish(folder, manifest, checks, body)
        keep()
    print(f"OK: {args.out} ({sum(entry['size'] for entry in manifest['files'].values()) / 2**20:.1f} MiB)")
    return cli.EXIT_OK


def _build(
    args: argparse.Namespace, folder: Path, questions: Sequence[str], bar: "tqdm[Any]"
) -> tuple[dict[str, Any], list["Check"]]:
    """Graphs and tokenizer into ``folder``; the manifest without its files, and every check made on the way."""
    from tokenizers import Tokenizer

    from export import checkpoints, graphs, parity
    from tinygsm_edge import duo
    from tinygsm_edge.engine import Generator

    bar.set_description("load")
    generator, verifier = checkpoints.load_generator(args.generator), checkpoints.load_verifier(args.verifier)
    shutil.copyfile(checkpoints.tokenizer_file(args.generator, args.verifier), folder / duo.TOKENIZER)
    manifest = _facts(args, generator, verifier)
    context, end_token = manifest["context"], manifest["end_token"]
    tokenizer = Tokenizer.from_file(str(folder / duo.TOKENIZER))
    _stage(bar, "export")
    graphs.export_fp32(checkpoints.untied(generator), folder / duo.GENERATOR)
    graphs.export_fp32(checkpoints.as_causal(verifier), folder / duo.VERIFIER)
    _stage(bar, "compare with torch")
    expected = parity.reference(generator, tokenizer, questions, context)
    if not expected.prompts:
        raise UserError(f"no question leaves room for {parity.GREEDY_STEPS} tokens in the context of {context}")
    drawing = Generator(folder / duo.GENERATOR, end_token=end_token, context=context)
    scored = parity.scored(verifier, tokenizer, drawing, expected)
    checks = parity.check_generator(expected, folder / duo.GENERATOR, "fp32")
    checks += parity.check_verifier(scored, folder / duo.VERIFIER, "fp32", end_token, context)
    _stage(bar, "quantize")
    if args.precision != "fp32":
        for name in (duo.GENERATOR, duo.VERIFIER):
            graphs.quantize(folder / name, folder / name, args.precision)
        _stage(bar, "compare with torch")
        checks += parity.check_generator(expected, folder / duo.GENERATOR, args.precision)
        checks += parity.check_verifier(scored, folder / duo.VERIFIER, args.precision, end_token, context)
    return manifest, checks


def _stage(bar: "tqdm[Any]", name: str) -> None:
    bar.update()
    bar.set_description(name)


def _facts(args: argparse.Namespace, generator: "PreTrainedModel", verifier: "PreTrainedModel") -> dict[str, Any]:
    """The manifest as far as it is known before there are files; refuses models that do not belong together."""
    from export import checkpoints, graphs
    from tinygsm_edge import duo

    ours, theirs = generator.config, verifier.config
    if ours.vocab_size != theirs.vocab_size:
        raise UserError(f"the generator knows {ours.vocab_size} tokens, the verifier {theirs.vocab_size}: not a duo")
    if not isinstance(ours.eos_token_id, int):
        raise UserError(f"{args.generator}: config.json must name one eos_token_id, has {ours.eos_token_id!r}")
    return {
        "schema": duo.SCHEMA,
        "name": args.name or args.out.resolve().name,
        "precision": args.precision,
        "licence": args.licence,
        "context": min(ours.max_position_embeddings, theirs.max_position_embeddings),
        "end_token": ours.eos_token_id,
        "vocabulary_size": ours.vocab_size,
        "models": {"generator": checkpoints.shape(generator), "verifier": checkpoints.shape(verifier)},
        "opset": graphs.OPSET,
        "tools": {tool: metadata.version(tool) for tool in TOOLS},
    }


def _finish(folder: Path, manifest: dict[str, Any], checks: Sequence["Check"], body: str | None) -> None:
    """Card and manifest, then the check that a user's load will make."""
    from export.card import card
    from tinygsm_edge import duo

    manifest["parity"] = {check.name: float(f"{check.value:.6g}") for check in checks}
    manifest["files"] = {name: duo.digest(folder / name) for name in duo.LISTED}
    (folder / duo.CARD).write_text(card(manifest, body), encoding="utf-8")
    (folder / duo.MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    duo.Duo.load(folder)


@contextmanager
def _folder(target: Path) -> Iterator[tuple[Path, Any]]:
    """A new folder beside ``target``, and the function that renames it so; not renamed, it is gone at the end."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}") from error
    built, old = beside / "new", beside / "old"
    built.mkdir()

    def keep() -> None:
        if target.exists():
            target.rename(old)
        built.rename(target)

    try:
        yield built, keep
    finally:
        if old.exists() and not target.exists():  # stopped between the two renames
            old.rename(target)
        shutil.rmtree(beside, ignore_errors=True)


def _check_target(target: Path, force: bool) -> None:
    """Refuse to write over anything but, with --force, a duo folder."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not force:
        raise UserError(f"{target} exists: choose another --out, or replace it with --force")
    if not (target / "duo.json").is_file():
        raise UserError(f"{target} is not a duo folder: --force replaces nothing else")


def _questions(path: Path | None) -> Sequence[str]:
    """Up to MAX_QUESTIONS questions of a problems file, or the built-in ones."""
    if path is None:
        from export.parity import QUESTIONS

        return QUESTIONS
    from tinygsm_edge.problems.problem import read_problems

    questions = [problem.question for problem in read_problems(path)[:MAX_QUESTIONS]]
    if not questions:
        raise UserError(f"{path} holds no problems")
    return questions


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from error


if __name__ == "__main__":
    cli.run(main)
