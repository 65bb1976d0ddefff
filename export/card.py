"""The model card of a duo: Hugging Face front matter, then what is known about it.

``python -m export.card DUO --record FOLDER`` writes the card anew with the figures of the run that made the duo:
``data.txt``, ``anneal.txt``, ``candidates.txt``, ``generator.json``, ``annealed.json``, ``verifier.json``,
``evaluate.txt`` and ``hardware.txt``, as ``runs/duo.sh`` leaves them; ``remark.txt``, where there is one, says what
was done otherwise.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError

UNMEASURED = "Accuracy was not measured by the export."


def card(manifest: Mapping[str, Any], body: str | None = None, record: Path | None = None) -> str:
    """README.md of a duo folder. ``body`` replaces the generated text; one that has front matter is taken as it is.

    Raises:
        UserError: a file of ``record`` is missing or malformed.
    """
    if body is not None and body.startswith("---\n"):
        return body
    front = f"""---
language: en
license: {manifest["licence"]}
library_name: onnxruntime
pipeline_tag: text-generation
tags: [onnx, math, gsm8k, tinygsm, verifier, edge]
---"""
    text = body.strip() if body is not None else _body(manifest, record)
    return f"{front}\n\n{text}\n"


def _body(manifest: Mapping[str, Any], record: Path | None) -> str:
    rows = "\n".join(
        f"| {role} | {shape['architecture']} | {shape['parameters']:,} | {shape['layers']} | {shape['hidden_size']} "
        f"| {shape['heads']} / {shape['kv_heads']} | {manifest['files'][f'{role}.onnx']['size'] / 2**20:.1f} MiB |"
        for role, shape in manifest["models"].items()
    )
    parity = "\n".join(f"- {name}: {value:.3g}" for name, value in manifest["parity"].items())
    tools = ", ".join(f"{tool} {version}" for tool, version in manifest["tools"].items())
    return f"""# {manifest["name"]}

A duo for grade-school math after TinyGSM (arXiv 2312.09241): a generator that writes short Python programs for a
question and a verifier that scores them, as ONNX graphs for `tinygsm_edge`:

    python -m tinygsm_edge.solve --duo FOLDER "A question in words"

| | architecture | parameters | layers | width | heads / KV heads | file |
|---|---|---|---|---|---|---|
{rows}

Precision {manifest["precision"]}, context {manifest["context"]} tokens, vocabulary {manifest["vocabulary_size"]},
opset {manifest["opset"]}. Made with {tools}.

## Accuracy

{UNMEASURED if record is None else _accuracy(record)}
{"" if record is None else _training(record)}
## Parity with the checkpoints it was exported from

{parity}

## Limits

English word problems of grade-school size whose answer is one number. An answer can be wrong, and the programs are
written by a model: run them in a sandbox only."""


def _accuracy(record: Path) -> str:
    """The last line of an evaluation on GSM8K train's 512 validation problems, as a table in percent."""
    try:
        summary = json.loads(_read(record / "evaluate.txt").strip().splitlines()[-1])
        rows = [
            f"| {name} | {100 * entry['value']:.1f} | {100 * entry['stderr']:.1f} |"
            for name, entry in summary.items()
            if isinstance(entry, dict) and "stderr" in entry
        ]
        drawn = sum(summary["outcomes"].values())
        outcomes = ", ".join(f"{name} {count / drawn:.1%}" for name, count in summary["outcomes"].items())
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise UserError(f"{record / 'evaluate.txt'} does not end with the JSON line of an evaluation") from error
    return "\n".join(
        [
            f"On {summary['problems']} problems of GSM8K train's validation split, held out of all training, in %:",
            "",
            "| figure | value | standard error |",
            "|---|---|---|",
            *rows,
            "",
            f"Outcomes of the candidates: {outcomes}. The GSM8K test set was not touched.",
        ]
    )


def _training(record: Path) -> str:
    runs = []
    for role in ("generator", "annealed", "verifier"):
        try:
            run = json.loads(_read(record / f"{role}.json"))
            held = ", ".join(f"{key.replace('_', ' ')} {run[key]}" for key in run if key.startswith("validation"))
            runs.append(
                f"| {role} | {run['steps']:,} | {run['tokens']:,} | {run['seconds'] / 60:.0f} | "
                f"{run['plan']['learning_rate']:g} | {held} |"
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{record / f'{role}.json'} is not the training.json of a {role}") from error
    return f"""
## How it was made

By the stations of `runs/duo.sh`{_remark(record)}

| stage | steps | tokens seen | minutes | peak learning rate | held out |
|---|---|---|---|---|---|
{chr(10).join(runs)}

Training problems of the generator by source, with the counts of each filter (`real` is GSM8K train without the
validation split and `resampled` variants of it, MIT; `mathcamps`, MIT; `template` written for this project, MIT):

{_indented(record / "data.txt")}

Those of its last stage (`annealed`), with the templates of everyday basics:

{_indented(record / "anneal.txt")}

Candidates that the verifier learned from:

{_indented(record / "candidates.txt")}

Hardware:

{_indented(record / "hardware.txt")}
"""


def _remark(record: Path) -> str:
    """What was done otherwise than the recipe says, where the record has a remark.txt."""
    path = record / "remark.txt"
    return f". {_read(path).strip()}" if path.exists() else ", with the arguments it has by default."


def _indented(path: Path) -> str:
    return "\n".join(f"    {line}".rstrip() for line in _read(path).strip().splitlines())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from error


def main(argv: Sequence[str] | None = None) -> int:
    parser = cli.Parser(prog="python -m export.card", description=__doc__)
    parser.add_argument("duo", type=Path, help="duo folder whose README.md is written")
    parser.add_argument("--record", type=Path, required=True, help="folder with the figures of its run")
    options = parser.parse_args(argv)

    from tinygsm_edge.duo import CARD, read_manifest
    from tinygsm_edge.files import atomic_path

    text = card(read_manifest(options.duo), record=options.record)
    with atomic_path(options.duo / CARD) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(options.duo / CARD)
    return cli.EXIT_OK


if __name__ == "__main__":
    cli.run(main)
