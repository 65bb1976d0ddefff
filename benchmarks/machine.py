"""The machine that a figure was measured on: without it, the figure says nothing."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from tinygsm_edge import cli
from tinygsm_edge.cores import usable_cores
from tinygsm_edge.engine.session import physical_cores

ROOT = Path(__file__).parents[1]

PACKAGES = ("tinygsm-edge", "numpy", "onnxruntime", "onnxruntime-gpu", "tokenizers", "pydantic-monty")

FLAGS = (
    "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16",
    "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16",
    "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme",
)  # fmt: skip
"""What decides which matrix kernels run: x86 first, then ARM."""


def describe() -> dict[str, Any]:
    """Processor, memory, system, versions and the load right now; None for what cannot be found out here."""
    return {
        "cpu": cpu_model(),
        "flags": cpu_flags(),
        "cores": {
            "logical": os.cpu_count(),
            "usable": usable_cores(),
            "physical": physical_cores(),
        },
        "memory_bytes": memory_bytes(),
        "os": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "git": git_revision(),
        "load": load(),
    }


def load() -> list[float] | None:
    """Load average over 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None


def cpu_model() -> str | None:
    """The processor's name."""
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string")
    found = re.search(r"^(?:model name|Hardware|Model)\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine() or None


def cpu_flags() -> list[str] | None:
    """Which of :data:`FLAGS` the processor has; None where the system does not list them."""
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
    return [flag for flag in FLAGS if flag in found[1].split()] if found else None


def memory_bytes() -> int | None:
    """Physical memory."""
    try:
        import psutil
    except ImportError:
        try:
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (AttributeError, OSError, ValueError):
            return None
    return psutil.virtual_memory().total


def git_revision() -> str | None:
    """The checkout's commit, with ``-dirty`` when files differ from it; None outside of one."""
    return _output("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


def text(machine: dict[str, Any]) -> str:
    """A few lines for people."""
    cores, memory = machine["cores"], machine["memory_bytes"]
    average = machine["load"]
    return "\n".join(
        [
            f"machine   {machine['cpu']}, {cores['physical']} cores ({cores['usable']} threads), "
            + (f"{memory / 2**30:.1f} GiB" if memory else "memory unknown")
            + f", load {average[0] if average else '?'}",
            f"flags     {' '.join(machine['flags'] or ['unknown'])}",
            f"system    {machine['os']}, {machine['python']}, revision {machine['git'] or 'unknown'}",
            "packages  " + ", ".join(f"{name} {version}" for name, version in machine["packages"].items()),
        ]
    )


def main(argv: Sequence[str]) -> int:
    """Print the description."""
    cli.Parser(prog="python -m benchmarks machine", description=__doc__).parse_args(argv)
    print(text(describe()))
    return cli.EXIT_OK


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _output(*command: str) -> str | None:
    """What a command prints, or None when it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
