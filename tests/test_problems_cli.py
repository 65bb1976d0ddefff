"""``python -m tinygsm_edge.problems``: what its commands print, and the one line they answer mistakes with."""

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("yaml")
pytest.importorskip("rensa")

from test_template import GOOD

from tinygsm_edge.problems.__main__ import main
from tinygsm_edge.problems.problem import read_problems

ROW = {
    "question": "Ann packs {a} crates with {b} pears in each crate. How many pears does Ann pack altogether?",
    "answer": "Ann packs {a}*{b}=<<{a}*{b}={c}>>{c} pears.\n#### {c}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A template folder ``library`` and a file ``gsm8k.jsonl`` with 600 worked problems."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "tests.yaml").write_text(GOOD)
    rows = []
    for n in range(600):
        known = {"{a}": str(3 + n % 30), "{b}": str(11 + n // 30), "{c}": str((3 + n % 30) * (11 + n // 30))}
        row = dict(ROW)
        for old, new in known.items():
            row = {name: text.replace(old, new) for name, text in row.items()}
        rows.append(json.dumps(row))
    (tmp_path / "gsm8k.jsonl").write_text("\n".join(rows) + "\n")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, standard output and error of the command."""
    from tinygsm_edge import cli

    monkeypatch.setattr(sys, "argv", ["problems", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.run(main)
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_build_show_stats(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--gsm8k", folder / "gsm8k.jsonl", "--templates", folder / "library")
    out = folder / "set"
    mix = "resampled=0.4,template=0.3,composed=0.3"
    code, text, _ = run(monkeypatch, capsys, "build", "--out", out, "--size", 40, "--mix", mix, *data, "--workers", 1,
                        "--validation", folder / "held.jsonl")  # fmt: skip
    assert code == 0 and "40 rows" in text
    assert len(read_problems(out)) == 40 and len(read_problems(folder / "held.jsonl")) == 512
    code, text, _ = run(monkeypatch, capsys, "show", "--data", out, "-n", 2, "--situation", "tests")
    assert code == 0 and text.count("return result") == 2 and "[test_change-" in text
    code, text, _ = run(monkeypatch, capsys, "stats", "--data", out, "--against", folder / "gsm8k.jsonl", "--json",
                        "--png", folder / "plot.png")  # fmt: skip
    counts = json.loads(text)
    assert code == 0 and counts["problems"] == 40 and 0 < counts["distances"]["unigrams"] < 1
    assert (folder / "plot.png").read_bytes().startswith(b"\x89PNG")
    code, text, _ = run(monkeypatch, capsys, "stats", "--data", out)
    assert code == 0 and "structures" in text and "█" in text
    fit = json.loads((out / "card.json").read_text())["fit"]
    assert set(fit) >= {"unigrams", "steps", "structures"}


def test_stats_of_a_library(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(monkeypatch, capsys, "stats", "--json", "--templates", folder / "library")
    counts = json.loads(text)
    assert code == 0 and (counts["templates"], counts["situations"], counts["wordings"]) == (1, 1, 3)
    assert counts["structures"] > counts["template_structures"] == 1


def test_coverage_finds_the_near_and_the_far(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--gsm8k", folder / "gsm8k.jsonl", "--templates", folder / "library")
    code, text, _ = run(monkeypatch, capsys, "coverage", *data, "--json")
    report = json.loads(text)
    assert code == 0 and report["questions"] == 512 and sum(report["situations"].values()) == 512
    code, text, _ = run(monkeypatch, capsys, "coverage", *data, "-n", 3)
    assert code == 0 and text.count("Ann packs") == 3


def test_composed_samples(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(monkeypatch, capsys, "show", "--source", "composed", "--situation", "price", "-n", 3)
    assert code == 0 and text.count("[price-") == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("build --out X --size 0", "--size"),
        ("build --out X --size 5 --mix real=1", "--gsm8k"),
        ("build --out X --size 5 --validation V", "--gsm8k"),
        ("build --out X --size 5 --gsm8k missing.jsonl", "missing.jsonl"),
        ("build --out X --size 5 --tinygsm missing.jsonl", "no such file"),
        ("build --out X --size 5 --decontaminate missing", "missing"),
        ("build --out X --size 5 --templates missing", "no template files"),
        ("build --out X --size 5 --workers 0", "--workers"),
        ("build --out X --size 5 --workers 2 --ray auto", "--ray"),
        ("show --situation nothing", "situations:"),
        ("show --source composed --situation nothing", "themes:"),
        ("show -n -1", "-n"),
        ("stats --png plot.png", "--data"),
        ("stats --data missing.jsonl", "missing.jsonl"),
        ("coverage --gsm8k missing.jsonl", "missing.jsonl"),
        ("teach --seeds missing.jsonl --out X --model m --base-url http://127.0.0.1:9/v1", "missing.jsonl"),
        ("teach --seeds S --out X --model m", "OPENAI_API_KEY"),
        ("teach --seeds S --out X --model m --budget 3 --base-url http://127.0.0.1:9/v1", "--price-in"),
        ("lint missing.yaml", "missing.yaml"),
    ],
)
def test_mistakes_get_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    code, out, err = run(monkeypatch, capsys, *words.split())
    said = (out + err).strip().splitlines()
    assert code == 2 and told in said[0] and len(said) <= 2, said
    assert list(tmp_path.iterdir()) == []
