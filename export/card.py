"""The model card of a duo: Hugging Face front matter, then what is known about it."""

from collections.abc import Mapping, Sequence
from typing import Any

from export.parity import Check


def card(manifest: Mapping[str, Any], checks: Sequence[Check], body: str | None) -> str:
    """README.md of a duo folder. ``body`` replaces the generated text; one that has front matter is taken as it is."""
    if body is not None and body.startswith("---\n"):
        return body
    front = "\n".join(
        [
            "---",
            "language: en",
            f"license: {manifest['licence']}",
            "library_name: onnxruntime",
            "pipeline_tag: text-generation",
            "tags: [onnx, math, gsm8k, tinygsm, verifier, edge]",
            "---",
        ]
    )
    return f"{front}\n\n{body.strip() if body is not None else _body(manifest, checks)}\n"


def _body(manifest: Mapping[str, Any], checks: Sequence[Check]) -> str:
    rows = "\n".join(
        f"| {role} | {shape['architecture']} | {shape['parameters']:,} | {shape['layers']} | {shape['hidden_size']} "
        f"| {shape['heads']} / {shape['kv_heads']} | {manifest['files'][f'{role}.onnx']['size'] / 2**20:.1f} MiB |"
        for role, shape in manifest["models"].items()
    )
    parity = "\n".join(f"- {check.name}: {check.value:.3g} (limit {check.limit:g})" for check in checks)
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

## Parity with the checkpoints it was exported from

{parity}

## Limits

English word problems of grade-school size whose answer is one number. Accuracy was not measured by the export; an
answer can be wrong, and the programs are written by a model: run them in a sandbox only."""
