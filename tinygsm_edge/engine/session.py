"""ONNX Runtime as the engine sees it: a causal graph with a KV cache, run on a named provider through IO binding.

The graph is what optimum exports for ``text-generation-with-past``. In: ``input_ids`` [B, S], ``attention_mask``
[B, P+S], ``position_ids`` [B, S], ``past_key_values.*`` [B, heads, P, head_dim]. Out: ``logits`` [B, S, V] and
``present.*``. Keys and values stay on the provider's device between runs; only token ids go in, only logits come out.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tinygsm_edge.errors import UserError

if TYPE_CHECKING:
    import onnxruntime

PROVIDERS = ("cpu", "cuda", "auto")
ROW_MULTIPLE = 2
"""Batches have an even number of rows, so that results do not depend on how many there are.

Kernels work on tiles of rows and finish an odd row (and a batch of one) with another kernel that rounds differently.
Measured here on x86 with AVX-512 VNNI, for 1 to 256 rows: fp32 is bit-equal at any number of rows; so is 8-bit
MatMulNBits with blocks of 32 or 64; with blocks of 128, or in float arithmetic, even numbers of rows are.
"""
_QUIET = 3  # errors only
_TYPES: dict[str, type[np.floating[Any]]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


@dataclass(frozen=True, slots=True)
class Cache:
    """Keys and values of every layer for a batch of rows: arrays [rows, heads, length, head_dim] on one device."""

    values: Sequence["onnxruntime.OrtValue"]
    device: str

    @property
    def rows(self) -> int:
        return self.values[0].shape()[0]

    @property
    def length(self) -> int:
        return self.values[0].shape()[2]

    def take(self, rows: NDArray[np.int64]) -> "Cache":
        """A cache of copies of these rows, in this order; a row may come more than once."""
        from onnxruntime import OrtValue

        taken = [OrtValue.ortvalue_from_numpy(value.numpy()[rows], self.device) for value in self.values]
        return Cache(taken, self.device)


class Graph:
    """One ONNX file opened on one provider."""

    def __init__(self, path: Path, *, provider: str = "cpu", threads: int | None = None) -> None:
        """Open ``path`` on provider ``cpu``, ``cuda`` or ``auto`` (CUDA where it works, else CPU).

        Raises:
            UserError: an unknown or missing provider, a file that cannot be loaded, a graph without KV cache.
        """
        self._session, self.provider = open_session(Path(path), provider, threads)
        self.device = "cpu" if self.provider == "cpu" else "cuda"
        inputs = {entry.name: entry for entry in self._session.get_inputs()}
        self._past = [entry for name, entry in inputs.items() if name.startswith("past_key_values.")]
        self._present = [entry.name.replace("past_key_values.", "present.", 1) for entry in self._past]
        self._has_positions = "position_ids" in inputs
        outputs = {entry.name for entry in self._session.get_outputs()}
        named = {"input_ids", "attention_mask"} <= inputs.keys() and {"logits", *self._present} <= outputs
        if not (named and self._past and all(isinstance(entry.shape[i], int) for entry in self._past for i in (1, 3))):
            raise UserError(f"{path} is not a causal model with past: export it with text-generation-with-past")

    def empty_cache(self) -> Cache:
        """The cache before the first token, of one row."""
        from onnxruntime import OrtValue

        arrays = [np.zeros((1, entry.shape[1], 0, entry.shape[3]), _TYPES[entry.type]) for entry in self._past]
        return Cache([OrtValue.ortvalue_from_numpy(array) for array in arrays], self.device)

    def run(self, tokens: NDArray[np.int64], cache: Cache) -> tuple[NDArray[np.float32], Cache]:
        """Append ``tokens`` [rows, S] to ``cache`` [rows]: logits [rows, S, V] and the longer cache."""
        outputs = self._run(tokens, cache, self._present)
        return self._logits(outputs), Cache(outputs[1:], self.device)

    def logits(self, tokens: NDArray[np.int64], cache: Cache) -> NDArray[np.float32]:
        """As :meth:`run`, when nothing will follow: the longer cache is not kept."""
        return self._logits(self._run(tokens, cache, []))

    def _run(self, tokens: NDArray[np.int64], cache: Cache, keep: list[str]) -> list["onnxruntime.OrtValue"]:
        (rows, width), past = tokens.shape, cache.length
        mask = np.ones((rows, past + width), np.int64)
        positions = np.tile(np.arange(past, past + width, dtype=np.int64), (rows, 1))
        binding = self._session.io_binding()
        binding.bind_cpu_input("input_ids", tokens)
        binding.bind_cpu_input("attention_mask", mask)
        if self._has_positions:
            binding.bind_cpu_input("position_ids", positions)
        for entry, value in zip(self._past, cache.values, strict=True):
            binding.bind_ortvalue_input(entry.name, value)
        binding.bind_output("logits", "cpu")
        for name in keep:
            binding.bind_output(name, self.device)
        self._session.run_with_iobinding(binding)
        return list(binding.get_outputs())

    @staticmethod
    def _logits(outputs: list["onnxruntime.OrtValue"]) -> NDArray[np.float32]:
        return outputs[0].numpy().astype(np.float32, copy=False)


def open_session(path: Path, provider: str, threads: int | None) -> tuple["onnxruntime.InferenceSession", str]:
    """An ONNX Runtime session and the provider it runs on, ``cpu`` or ``cuda``."""
    if provider not in PROVIDERS:
        raise UserError(f"unknown provider {provider!r}: choose one of {', '.join(PROVIDERS)}")
    if threads is not None and threads < 1:
        raise UserError(f"threads must be 1 or more, got {threads}")
    import onnxruntime

    onnxruntime.set_default_logger_severity(_QUIET)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = threads or physical_cores()
    options.inter_op_num_threads = 1
    # A graph carries its weights inside; with a folder that cannot exist, weights in other files are refused.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    trouble = _cuda_trouble() if provider in ("cuda", "auto") else None
    if provider == "cuda" and trouble:
        raise UserError(trouble)
    if provider == "cpu" or trouble:
        return _load(path, options, "CPUExecutionProvider"), "cpu"
    session = _load(path, options, "CUDAExecutionProvider")
    if "CUDAExecutionProvider" in session.get_providers():
        return session, "cuda"
    if provider == "cuda":  # the runtime fell back to the CPU by itself
        raise UserError(
            "provider cuda: CUDA could not be started: no NVIDIA GPU or driver, or CUDA libraries are missing; "
            "check `nvidia-smi`, then pip install '.[gpu]' in the checkout"
        )
    return session, "cpu"


def _cuda_trouble() -> str | None:
    """What is missing for CUDA as far as the installed package tells, else None; loads the libraries pip installed."""
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return (
            "provider cuda: the installed onnxruntime has no CUDA provider: pip install '.[gpu]' in the checkout, then "
            "pip uninstall -y onnxruntime and pip install --force-reinstall --no-deps onnxruntime-gpu"
        )
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()
    return None


def _load(path: Path, options: "onnxruntime.SessionOptions", provider: str) -> "onnxruntime.InferenceSession":
    import onnxruntime

    if not path.is_file():
        raise UserError(f"cannot load {path}: no such file")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # the runtime's exceptions share no base class of their own
        # "[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : what happened"
        reason = next(iter(str(error).split(" : ", 2)[-1].splitlines()), type(error).__name__)
        raise UserError(f"cannot load {path}: {reason}") from error


def physical_cores() -> int:
    """Physical cores this process may use, at least 1: hyper-threads would share the units that multiply matrices."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    allowed = os.sched_getaffinity(0)
    siblings = Path("/sys/devices/system/cpu")
    try:
        cores = {(siblings / f"cpu{cpu}/topology/thread_siblings_list").read_text() for cpu in allowed}
    except OSError:
        return len(allowed)
    return max(1, min(len(cores), _quota(len(allowed))))


def _quota(unlimited: int) -> int:
    """How many CPUs' worth of time a container's control group grants, rounded up."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return unlimited if quota == "max" else -(-int(quota) // int(period))
    except (OSError, ValueError):
        return unlimited
