"""Export: the graphs are the models, a failure leaves nothing behind, and every refusal is one line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

from export import __main__ as command
from export import checkpoints, graphs, parity
from tinygsm_edge.duo import Duo
from tinygsm_edge.engine.session import Graph
from tinygsm_edge.errors import UserError


def arguments(models: tuple[Path, Path], out: Path, *more: str) -> list[str]:
    return ["--generator", str(models[0]), "--verifier", str(models[1]), "--out", str(out), *more]


def test_logits_equal_torch(tiny_checkpoints: Any, tiny_duo_fp32: Path) -> None:
    """Within 1e-4, on a batch: prefill, a chunk on a filled cache, single steps; generator and verifier."""
    import torch

    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 384, (3, 40))
    for name, load in (("generator", checkpoints.load_generator), ("verifier", checkpoints.load_verifier)):
        model = load(tiny_checkpoints[name == "verifier"])
        with torch.inference_mode():
            expected = model(input_ids=torch.tensor(tokens)).logits.numpy()
        graph = Graph(tiny_duo_fp32 / f"{name}.onnx", threads=1)
        cache, found = graph.empty_cache().take(np.zeros(3, np.int64)), []
        for chunk in np.split(tokens, [20, 30, *range(31, 40)], axis=1):
            logits, cache = graph.run(np.ascontiguousarray(chunk), cache)
            found.append(logits)
        np.testing.assert_allclose(np.concatenate(found, axis=1), expected, atol=1e-4)


def test_int8_quantizes_every_weight_but_the_verifiers_head(tiny_duo: Path, tiny_duo_fp32: Path) -> None:
    layer = 7  # projections in a Llama layer
    counts = {name: graphs.operators(tiny_duo / f"{name}.onnx") for name in ("generator", "verifier")}
    assert counts["generator"]["MatMulNBits"] == 2 * layer + 1
    assert counts["verifier"]["MatMulNBits"] == 2 * layer
    for name in counts:
        assert (tiny_duo / f"{name}.onnx").stat().st_size < 0.6 * (tiny_duo_fp32 / f"{name}.onnx").stat().st_size


def test_manifest_and_card(tiny_duo: Path) -> None:
    manifest = Duo.load(tiny_duo).manifest
    generator, verifier = manifest["models"]["generator"], manifest["models"]["verifier"]
    assert (generator["layers"], generator["hidden_size"], generator["kv_heads"]) == (2, 64, 2)
    assert generator["parameters"] == verifier["parameters"] - 65  # tied: the head is the embedding
    assert manifest["opset"] == graphs.OPSET and manifest["tools"]["optimum-onnx"]
    assert any(name.startswith("verifier int8") for name in manifest["parity"])
    card = (tiny_duo / "README.md").read_text()
    assert card.startswith("---\nlanguage: en\nlicense: other\n") and f"{generator['parameters']:,}" in card


def test_a_whole_export(tiny_checkpoints: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Options reach manifest and card; the report is on stdout and stderr is silent; no folder but the duo is left."""
    (tmp_path / "card.md").write_text("# A card by hand\n")
    out = tmp_path / "deep" / "duo"
    options = ["--licence", "mit", "--name", "small", "--card", str(tmp_path / "card.md")]
    assert command.main(arguments(tiny_checkpoints, out, *options)) == 0
    stdout, stderr = capfd.readouterr()
    assert stdout.splitlines()[-1].startswith("OK: ") and "greedy tokens that agree" in stdout
    assert stderr == ""
    assert [path.name for path in out.parent.iterdir()] == ["duo"]
    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["duo.json", "tokenizer.json", "generator.onnx", "verifier.onnx", "README.md"]
    )
    manifest = Duo.load(out).manifest
    assert (manifest["licence"], manifest["name"]) == ("mit", "small")
    card = (out / "README.md").read_text()
    assert "license: mit\n" in card and card.endswith("---\n\n# A card by hand\n")

    with pytest.raises(UserError, match="exists: choose another --out, or replace it with --force"):
        command.main(arguments(tiny_checkpoints, out))
    (out / "README.md").write_text("old")
    assert command.main(arguments(tiny_checkpoints, out, "--precision", "fp32", "--force")) == 0
    assert Duo.load(out).manifest["precision"] == "fp32" and (out / "README.md").read_text() != "old"
    assert [path.name for path in out.parent.iterdir()] == ["duo"]


@pytest.mark.parametrize("trouble", ["parity", "interrupt"])
def test_a_failed_export_leaves_what_was_there(
    tiny_checkpoints: Any, tiny_duo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    out = Path(shutil.copytree(tiny_duo, tmp_path / "duo"))
    before = (out / "duo.json").read_bytes()
    if trouble == "parity":
        strict = parity.Limits(logits_max=0, logits_mean=0, greedy=1, score_max=0, score_correlation=1)
        monkeypatch.setitem(parity.LIMITS, "fp32", strict)
        assert command.main(arguments(tiny_checkpoints, out, "--precision", "fp32", "--force")) != 0
    else:
        monkeypatch.setattr(graphs, "quantize", interrupt)
        with pytest.raises(KeyboardInterrupt):
            command.main(arguments(tiny_checkpoints, out, "--force"))
    assert [path.name for path in tmp_path.iterdir()] == ["duo"]
    assert (out / "duo.json").read_bytes() == before


def test_parity_sees_another_model(tiny_checkpoints: Any, tiny_duo: Path) -> None:
    """One projection scaled by 0.3, and the graph is no longer within the limits of int8."""
    import torch

    tokenizer = Duo.load(tiny_duo).tokenizer
    model = checkpoints.load_generator(tiny_checkpoints[0])
    questions = [question for question, _ in tiny.QUESTIONS_AND_SOLUTIONS]
    expected = parity.reference(model, tokenizer, questions, tiny.CONTEXT)
    assert len(expected.prompts) == len(questions)
    assert all(check.passed for check in parity.check_generator(expected, tiny_duo / "generator.onnx", "int8"))
    with torch.no_grad():
        model.model.layers[1].mlp.down_proj.weight.mul_(0.3)
    expected = parity.reference(model, tokenizer, questions, tiny.CONTEXT)
    checks = parity.check_generator(expected, tiny_duo / "generator.onnx", "int8")
    assert not all(check.passed for check in checks)
    assert "FAILED" in "".join(map(str, checks))


def test_help_needs_no_torch() -> None:
    heavy = {"torch", "transformers", "onnxruntime", "onnx"}
    code = f"import sys, export.__main__; sys.exit(bool({heavy} & set(sys.modules)))"
    root = Path(command.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_problems_are_the_prompts(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps({"question": f"What is {i} and {i}?"}) + "\n" for i in range(40)))
    assert command._questions(path) == [f"What is {i} and {i}?" for i in range(command.MAX_QUESTIONS)]
    path.write_text("")
    with pytest.raises(UserError, match="holds no problems"):
        command._questions(path)


def test_what_is_refused(tiny_checkpoints: tuple[Path, Path], tmp_path: Path) -> None:
    """Each in one line, before anything is written."""
    generator, verifier = tiny_checkpoints
    pickled = Path(shutil.copytree(generator, tmp_path / "pickled"))
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    torn = Path(shutil.copytree(generator, tmp_path / "torn"))
    (torn / "model.safetensors").write_bytes(b"\x00" * 64)
    stranger = Path(shutil.copytree(verifier, tmp_path / "stranger"))
    (stranger / "tokenizer.json").write_text("{}")
    wordless = Path(shutil.copytree(generator, tmp_path / "wordless"))
    (wordless / "tokenizer.json").unlink()
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "diary.txt").write_text("mine")
    out = tmp_path / "duo"
    for models, target, more, message in (
        ((tmp_path / "none", verifier), out, [], "is not a checkpoint folder"),
        ((pickled, verifier), out, [], "holds no .safetensors"),
        ((torn, verifier), out, [], "cannot load .*torn"),
        ((wordless, verifier), out, [], "has no tokenizer.json"),
        ((generator, stranger), out, [], "different tokenizer.json"),
        ((generator, generator), out, [], r"is not a whole LlamaForTokenClassification: score.bias is missing"),
        ((generator, verifier), notes, ["--force"], "is not a duo folder: --force replaces nothing else"),
        ((generator, verifier), out, ["--card", str(tmp_path / "none.md")], "cannot read .*none.md"),
        ((generator, verifier), out, ["--problems", str(tmp_path / "none.jsonl")], "none.jsonl"),
    ):
        with pytest.raises(UserError, match=message) as error:
            command.main(arguments(models, target, *more))
        assert "\n" not in str(error.value)
    assert not out.exists() and (notes / "diary.txt").read_text() == "mine"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_card_holds_the_figures_of_the_record(tiny_duo: Path, tmp_path: Path) -> None:
    from export import card

    duo, record = tmp_path / "duo", tmp_path / "record"
    shutil.copytree(tiny_duo, duo)
    record.mkdir()
    run = {"steps": 1234, "tokens": 56789, "seconds": 600.0, "validation_loss": 0.75, "plan": {"learning_rate": 0.003}}
    for name in ("generator", "annealed", "verifier"):
        (record / f"{name}.json").write_text(json.dumps(run))
    figure = {"value": 0.125, "stderr": 0.01}
    summary = {"pass@1": figure, "problems": 512, "problems_per_min": 60, "outcomes": {"ok": 3, "timeout": 1}}
    (record / "evaluate.txt").write_text("a table\n" + json.dumps(summary) + "\n")
    for name in ("data", "anneal", "candidates", "hardware"):
        (record / f"{name}.txt").write_text(f"the {name} line\n")
    assert card.main([str(duo), "--record", str(record)]) == 0
    text = (duo / "README.md").read_text()
    assert text.startswith("---\n") and "| pass@1 | 12.5 | 1.0 |" in text and "ok 75.0%, timeout 25.0%" in text
    assert text.count("| 1,234 | 56,789 | 10 | 0.003 | validation loss 0.75 |") == 3
    assert all(f"    the {name} line" in text for name in ("data", "anneal", "candidates", "hardware"))
    (record / "evaluate.txt").write_text("a table\n")
    with pytest.raises(UserError, match=r"evaluate\.txt does not end with the JSON line"):
        card.main([str(duo), "--record", str(record)])
    assert (duo / "README.md").read_text() == text
