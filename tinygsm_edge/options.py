"""The flags that the commands around a solver share, and their ranges. Nothing heavy is imported for ``--help``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tinygsm_edge.errors import UserError
from tinygsm_edge.rerank import DEFAULT_CANDIDATES, MAX_CANDIDATES

if TYPE_CHECKING:
    from tinygsm_edge.engine import Sampling


def add_sampling_options(parser: argparse.ArgumentParser, candidates: int = DEFAULT_CANDIDATES) -> None:
    """``-n/--candidates`` and how they are drawn; :func:`sampling_from` reads them."""
    group = parser.add_argument_group("sampling")
    group.add_argument(
        "-n", "--candidates", type=int, default=candidates, metavar="N",
        help=f"programs to sample, 1 to {MAX_CANDIDATES} (default %(default)s; the paper's figure is 48)",
    )  # fmt: skip
    group.add_argument("--temperature", type=float, default=0.7, help="0 is greedy (default %(default)s)")
    group.add_argument("--top-k", type=int, default=0, metavar="K", help="only the K likeliest tokens (default 0: all)")
    group.add_argument("--top-p", type=float, default=1.0, metavar="P", help="only the likeliest tokens that together "
                       "have probability P (default 1: all)")  # fmt: skip
    group.add_argument("--max-tokens", type=int, default=256, metavar="N", help="per program (default %(default)s)")
    group.add_argument("--seed", type=int, default=0, help="same seed, same candidates (default %(default)s)")


def add_duo_options(parser: argparse.ArgumentParser) -> None:
    """Which models, and what they run on: ``duo``, ``provider``, ``threads``."""
    group = parser.add_argument_group("models")
    group.add_argument(
        "--duo", type=Path, metavar="PATH", help="a duo folder (default: the one that came with the package)"
    )
    group.add_argument("--provider", choices=("cpu", "cuda", "auto"), default="cpu", help="default %(default)s")
    group.add_argument("--threads", type=int, metavar="N", help="of the CPU provider (default: one per core)")


def check_options(options: argparse.Namespace) -> None:
    """Check the ranges of all flags above that need no model to be judged.

    Raises:
        UserError: the first flag out of its range, by name.
    """
    if not 1 <= options.candidates <= MAX_CANDIDATES:
        raise UserError(f"--candidates must be between 1 and {MAX_CANDIDATES}, got {options.candidates}")
    if options.threads is not None and options.threads < 1:
        raise UserError(f"--threads must be 1 or more, got {options.threads}")
    sampling_from(options)


def sampling_from(options: argparse.Namespace) -> "Sampling":
    """The sampling that the flags describe. Raises UserError for a value out of its range."""
    from tinygsm_edge.engine import Sampling

    return Sampling(
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        max_tokens=options.max_tokens,
        seed=options.seed,
    )
