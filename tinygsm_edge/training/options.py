"""Flags that the training commands share, checked before anything heavy is imported."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygsm_edge.errors import UserError

if TYPE_CHECKING:
    from tinygsm_edge.training.loop import Plan

# Flags that may differ between a run and its resumption: they do not change what is computed, or only how far it goes.
_FREE = {"restart", "time_budget", "save_every", "compile", "out", "validation", "log_every"}


def add_run_options(parser: argparse.ArgumentParser, learning_rate: float, batch_tokens: int, steps: int) -> None:
    """Output folder, length of the run, optimizer and checkpoints."""
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder of the run; an interrupted run in it is continued")
    add("--restart", action="store_true", help="discard a run of other settings in --out")
    add("--steps", type=int, default=steps, help="optimizer steps (default %(default)s)")
    add("--time-budget", type=float, metavar="MINUTES", help="stop after this long, learning rate decayed by then")
    add("--batch-tokens", type=int, default=batch_tokens, help="padded tokens a step and process (default %(default)s)")
    add("--context", type=int, default=512, help="longest row in tokens (default %(default)s)")
    add("--learning-rate", type=float, default=learning_rate, help="peak (default %(default)s)")
    add("--warmup-steps", type=int, default=200, help="default %(default)s")
    add("--decay-share", type=float, default=0.4, help="last share of the run with falling rate (default %(default)s)")
    add("--weight-decay", type=float, default=0.1, help="default %(default)s")
    add("--clip-norm", type=float, default=1.0, help="gradient norm limit (default %(default)s)")
    add("--save-every", type=int, default=500, help="steps between checkpoints (default %(default)s)")
    add("--log-every", type=int, default=20, help="steps between log lines (default %(default)s)")
    add("--seed", type=int, default=0, help="initial weights and data order (default %(default)s)")
    add("--compile", action="store_true", help="torch.compile the model: slower start, about 1.4 times the speed")


def plan_from(options: argparse.Namespace) -> "Plan":
    """The training plan of parsed flags.

    Raises:
        UserError: a flag is out of its range.
    """
    from tinygsm_edge.training.loop import Plan

    positive = ("steps", "batch_tokens", "context", "learning_rate", "clip_norm", "save_every", "log_every")
    for name in positive:
        _require(name, getattr(options, name), getattr(options, name) > 0, "above 0")
    for name in ("warmup_steps", "weight_decay"):
        _require(name, getattr(options, name), getattr(options, name) >= 0, "0 or more")
    _require("decay_share", options.decay_share, 0 <= options.decay_share <= 1, "between 0 and 1")
    if options.time_budget is not None:
        _require("time_budget", options.time_budget, options.time_budget > 0, "above 0 minutes")
    return Plan(
        steps=options.steps,
        time_budget=None if options.time_budget is None else options.time_budget * 60,
        learning_rate=options.learning_rate,
        warmup_steps=options.warmup_steps,
        decay_share=options.decay_share,
        weight_decay=options.weight_decay,
        clip_norm=options.clip_norm,
        save_every=options.save_every,
        log_every=options.log_every,
    )


def settings_from(options: argparse.Namespace) -> dict[str, Any]:
    """What a resumed run must have in common with the run it continues."""
    return {name: value for name, value in vars(options).items() if name not in _FREE}


def _require(name: str, value: float, holds: bool, wanted: str) -> None:
    if not holds or not math.isfinite(value):
        raise UserError(f"--{name.replace('_', '-')} is {value:g}: it must be {wanted}")
