"""Checkpoints: Hugging Face folders with the optimizer's state beside the weights, whole or absent.

    OUT/step-000500/   config.json  model.safetensors  tokenizer.json  optimizer.safetensors  progress.json
    OUT/final/         config.json  model.safetensors  tokenizer.json  training.json

A folder is written under another name and renamed when complete, so a kill at any moment leaves the older ones intact.
No file is a pickle.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygsm_edge.errors import UserError

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: optimizer steps, tokens seen by all processes, seconds spent."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0


def save(
    out: Path, model: "PreTrainedModel", optimizer: "torch.optim.Optimizer", progress: Progress, tokenizer_file: Path,
    accelerator: "Accelerator",
) -> None:  # fmt: skip
    """Write the checkpoint of ``progress.step``."""
    from safetensors.torch import save_file

    if accelerator.is_main_process:
        temporary = _begin(out, f"step-{progress.step:06d}", model, tokenizer_file)
        save_file(_flatten(optimizer), temporary / "optimizer.safetensors")
        (temporary / "progress.json").write_text(json.dumps(asdict(progress)))
        _finish(temporary)
    accelerator.wait_for_everyone()


def save_final(
    out: Path, model: "PreTrainedModel", tokenizer_file: Path, accelerator: "Accelerator", summary: dict[str, Any]
) -> None:
    """Write ``out / "final"`` with the run's summary in ``training.json``."""
    if accelerator.is_main_process:
        temporary = _begin(out, "final", model, tokenizer_file)
        (temporary / "training.json").write_text(json.dumps(summary, indent=1))
        _finish(temporary)
    accelerator.wait_for_everyone()


def resume(out: Path, model: "PreTrainedModel", optimizer: "torch.optim.Optimizer") -> Progress:
    """Load the newest checkpoint of ``out`` into model and optimizer; a fresh start if there is none."""
    from safetensors.torch import load_file, load_model

    folders = step_folders(out)
    if not folders:
        return Progress()
    newest = folders[-1]
    # Tied weights are stored once: the missing name is filled through the tie.
    load_model(model, newest / "model.safetensors", strict=False)
    _unflatten(optimizer, load_file(newest / "optimizer.safetensors"))
    return Progress(**json.loads((newest / "progress.json").read_text()))


def step_folders(out: Path) -> list[Path]:
    """The whole checkpoints of a run, oldest first."""
    whole = [folder for folder in out.glob("step-*") if folder.suffix != ".tmp"]
    return sorted(whole, key=lambda folder: int(folder.name.removeprefix("step-")))


def tokenizer_of(folder: Path) -> Path:
    """The tokenizer file of a checkpoint.

    Raises:
        UserError: the folder is not a checkpoint.
    """
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        if not (folder / name).is_file():
            raise UserError(f"{folder} is not a checkpoint: {name} is missing (expected a folder such as OUT/final)")
    return folder / "tokenizer.json"


def _begin(out: Path, name: str, model: "PreTrainedModel", tokenizer_file: Path) -> Path:
    temporary = out / f"{name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    model.save_pretrained(temporary)
    shutil.copyfile(tokenizer_file, temporary / "tokenizer.json")
    return temporary


def _finish(temporary: Path) -> None:
    target = temporary.with_suffix("")
    if target.exists():
        shutil.rmtree(target)
    temporary.rename(target)


def _flatten(optimizer: "torch.optim.Optimizer") -> "dict[str, torch.Tensor]":
    state = optimizer.state_dict()["state"]
    return {f"{index}.{key}": value.contiguous() for index, entry in state.items() for key, value in entry.items()}


def _unflatten(optimizer: "torch.optim.Optimizer", tensors: "dict[str, torch.Tensor]") -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
