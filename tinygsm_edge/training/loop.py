"""The training loop that generator and verifier share: schedule, checkpoints, exact resume, several processes.

accelerate places the model and averages gradients (``accelerate launch`` or ``torchrun`` for several processes); the
loop itself stays plain. Batches depend on the step alone and the models have no dropout, so weights, optimizer state
and step count are all there is to save: a killed run continues with the same losses.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygsm_edge.errors import UserError
from tinygsm_edge.files import atomic_path
from tinygsm_edge.training import checkpoint
from tinygsm_edge.training.data import Batch, Batches

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from transformers import PreTrainedModel

# Loss of one batch: (model, batch) -> (scalar tensor to minimise, figures to log)
Loss = Callable[["torch.nn.Module", Batch], "tuple[torch.Tensor, dict[str, float]]"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to train. The run ends at ``steps`` or at ``time_budget`` seconds, whichever is first."""

    steps: int
    time_budget: float | None
    learning_rate: float
    warmup_steps: int
    decay_share: float  # last share of the run in which the learning rate falls to zero ("WSD" schedule)
    weight_decay: float
    clip_norm: float
    save_every: int  # steps
    log_every: int  # steps

    def learning_rate_at(self, step: int, elapsed: float) -> float:
        """Linear warm-up, constant, then linear decay to zero (warmup-stable-decay, arXiv 2404.06395).

        Progress is the larger of steps done and time spent, so that a run cut by its time budget still decays.
        """
        progress = step / self.steps
        if self.time_budget is not None:
            progress = max(progress, elapsed / self.time_budget)
        warm = min(1.0, (step + 1) / max(1, self.warmup_steps))
        decay = min(1.0, max(0.0, (1.0 - progress) / self.decay_share)) if self.decay_share > 0 else 1.0
        return self.learning_rate * warm * decay


def make_optimizer(model: "torch.nn.Module", plan: Plan) -> "torch.optim.Optimizer":
    """AdamW with weight decay on matrices only (norm gains and biases are left alone)."""
    import torch

    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": plan.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95), fused=True)


def make_accelerator() -> "Accelerator":
    """CPU in fp32 (measured faster than bf16 without AMX), CUDA in bf16; processes as the launcher set them up."""
    import torch
    from accelerate import Accelerator

    return Accelerator(mixed_precision="bf16" if torch.cuda.is_available() else "no")


def train(
    model: "PreTrainedModel",
    batches: Batches,
    loss: Loss,
    plan: Plan,
    out: Path,
    tokenizer_file: Path,
    accelerator: "Accelerator",
    evaluate: Callable[["torch.nn.Module"], dict[str, float]] | None = None,
    compile_model: bool = False,
) -> dict[str, Any]:
    """Train ``model`` until the plan ends and leave the final checkpoint in ``out / "final"``.

    Resumes from the newest whole checkpoint in ``out`` if there is one. ``log.jsonl`` in ``out`` holds one line per
    logged step, and again exactly the lines of an uninterrupted run after a resume. Returns the last logged line.

    Raises:
        UserError: ``out`` holds a run of other settings, or the loss is no longer finite.
    """
    import torch
    from tqdm import tqdm

    optimizer = make_optimizer(model, plan)
    progress = checkpoint.resume(out, model, optimizer)
    log = _Log(out / "log.jsonl", progress.step, accelerator.is_main_process)
    plain = model
    if compile_model:
        model.forward = torch.compile(model.forward, dynamic=True)  # type: ignore[method-assign]
    wrapped, optimizer = accelerator.prepare(model, optimizer)
    step, seen, line = progress.step, progress.tokens, {}
    started, window, window_tokens = time.monotonic() - progress.seconds, time.monotonic(), 0
    bar = tqdm(total=plan.steps, initial=step, disable=None, unit="step", file=sys.stderr)
    while step < plan.steps:
        elapsed = time.monotonic() - started
        if _time_is_up(plan, elapsed, accelerator):
            break
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate_at(step, elapsed)
        batch = batches(step, accelerator.device)
        value, figures = loss(wrapped, batch)
        accelerator.backward(value)
        norm = accelerator.clip_grad_norm_(wrapped.parameters(), plan.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        tokens = int(batch.real.sum()) * accelerator.num_processes
        seen, window_tokens = seen + tokens, window_tokens + tokens
        if step % plan.log_every == 0 or step == plan.steps:
            mean = accelerator.reduce(value.detach(), reduction="mean").item()
            if not mean == mean or mean in (float("inf"), float("-inf")):
                raise UserError(f"the loss is not finite at step {step}: lower --learning-rate")
            speed = window_tokens / (time.monotonic() - window)
            window, window_tokens = time.monotonic(), 0
            line = {"step": step, "loss": round(mean, 5), "grad_norm": round(float(norm), 4),
                    "learning_rate": optimizer.param_groups[0]["lr"], "tokens": seen,
                    "tokens_per_s": round(speed), **figures}  # fmt: skip
            log.write(line)
            bar.set_postfix(loss=f"{mean:.3f}", tokens_per_s=f"{speed:.0f}", refresh=False)
        bar.update(1)
        if step % plan.save_every == 0:
            seconds = time.monotonic() - started
            if evaluate is not None:
                log.write({"step": step, "seconds": round(seconds, 1), **evaluate(plain)})
            checkpoint.save(
                out, plain, optimizer, checkpoint.Progress(step, seen, seconds), tokenizer_file, accelerator
            )
    bar.close()
    seconds = time.monotonic() - started
    if evaluate is not None:
        line |= evaluate(plain)
    last = {key: value for key, value in line.items() if key != "step"}
    summary = {**last, "steps": step, "tokens": seen, "seconds": round(seconds, 1), "plan": asdict(plan)}
    checkpoint.save_final(out, plain, tokenizer_file, accelerator, summary)
    return summary


def _time_is_up(plan: Plan, elapsed: float, accelerator: "Accelerator") -> bool:
    """Whether the time budget is spent; the processes agree, so that none waits for a gradient that never comes."""
    if plan.time_budget is None:
        return False
    import torch

    spent = torch.tensor(float(elapsed >= plan.time_budget), device=accelerator.device)
    return bool(accelerator.reduce(spent, reduction="sum").item() > 0)


class _Log:
    """``log.jsonl``: lines after the resumed step are cut off first, since they will be written again."""

    def __init__(self, path: Path, step: int, active: bool):
        self._path, self._active = path, active
        if active and path.exists():
            kept = [text for text in path.read_text().splitlines() if _step_of(text) <= step]
            with atomic_path(path) as temporary:
                temporary.write_text("".join(text + "\n" for text in kept))

    def write(self, line: dict[str, Any]) -> None:
        if self._active:
            with open(self._path, "a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
            if not sys.stderr.isatty():
                print(json.dumps(line), file=sys.stderr, flush=True)


def _step_of(text: str) -> int:
    try:
        return int(json.loads(text)["step"])
    except (ValueError, KeyError, TypeError):
        return sys.maxsize  # a line cut short by a kill


def prepare_folder(out: Path, settings: dict[str, Any], restart: bool) -> None:
    """Make the run's folder and pin its settings: a resumed run must have those it began with.

    Raises:
        UserError: the folder holds a run with other settings and ``restart`` is off.
    """
    out.mkdir(parents=True, exist_ok=True)
    pinned = out / "settings.json"
    text = json.dumps(settings, indent=1, sort_keys=True, default=str)
    if pinned.exists() and pinned.read_text() != text:
        if not restart:
            raise UserError(f"{out} holds a run with other settings: choose another --out, or --restart to discard it")
        shutil.rmtree(out)
        out.mkdir(parents=True)
    with atomic_path(pinned) as temporary:
        temporary.write_text(text)
