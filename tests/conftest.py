"""Shared fixtures: the tiny checkpoints and the duos exported from them, made once per run. Nothing goes online."""

import os
import sys
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # export, demo and benchmarks are run from the checkout, not installed

import pytest  # noqa: E402


@pytest.fixture(scope="session")
def tiny_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(generator, verifier) checkpoint folders of a two-layer model that knows the programs in tests/tiny.py."""
    import tiny

    return tiny.make_checkpoints(tmp_path_factory.mktemp("checkpoints"))


def _export(checkpoints: tuple[Path, Path], out: Path, precision: str) -> Path:
    from export.__main__ import main

    generator, verifier = map(str, checkpoints)
    code = main(["--generator", generator, "--verifier", verifier, "--out", str(out), "--precision", precision])
    assert code == 0
    return out


@pytest.fixture(scope="session")
def tiny_duo(tiny_checkpoints: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An int8 duo folder; its generator answers the questions in tests/tiny.py by heart."""
    return _export(tiny_checkpoints, tmp_path_factory.mktemp("duo") / "tiny", "int8")


@pytest.fixture(scope="session")
def tiny_duo_fp32(tiny_checkpoints: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same duo in fp32."""
    return _export(tiny_checkpoints, tmp_path_factory.mktemp("duo") / "tiny-fp32", "fp32")
