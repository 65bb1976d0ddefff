"""Torch checkpoints, read and put into the form that can be exported: safetensors only, float32."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygsm_edge.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back the tracer's and the libraries' warnings: parity tells whether the graph is right, not they."""
    import transformers

    verbosity = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        transformers.logging.set_verbosity(verbosity)


def load_generator(path: Path) -> "PreTrainedModel":
    """A causal language model.

    Raises:
        UserError: not a local checkpoint with safetensors, or not a causal language model.
    """
    from transformers import AutoModelForCausalLM

    return _load(AutoModelForCausalLM, path)


def load_verifier(path: Path) -> "PreTrainedModel":
    """A token classifier with one label, as it was trained. Raises as :func:`load_generator`."""
    from transformers import AutoModelForTokenClassification

    model = _load(AutoModelForTokenClassification, path)
    if model.config.num_labels != 1 or not hasattr(model, "score"):
        raise UserError(f"{path}: a verifier has one label on a head called score, this has {model.config.num_labels}")
    return model


def as_causal(verifier: "PreTrainedModel") -> "PreTrainedModel":
    """The same verifier as a causal model whose head is the score.

    optimum has no token-classification export with a KV cache; this form goes through text-generation-with-past, with
    logits [batch, length, 1]. Weights are shared with ``verifier``.
    """
    import torch
    from transformers import AutoModelForCausalLM

    config = type(verifier.config).from_dict(verifier.config.to_dict() | {"tie_word_embeddings": False})
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    prefix = verifier.base_model_prefix
    setattr(model, prefix, getattr(verifier, prefix))
    model.set_output_embeddings(verifier.score)
    return model.eval()


def shape(model: "PreTrainedModel") -> dict[str, Any]:
    """The facts about a model that belong in a manifest."""
    config = model.config
    return {
        "architecture": type(model).__name__,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "intermediate_size": getattr(config, "intermediate_size", None),
        "heads": config.num_attention_heads,
        "kv_heads": getattr(config, "num_key_value_heads", config.num_attention_heads),
    }


def tokenizer_file(generator: Path, verifier: Path) -> Path:
    """The tokenizer.json that both checkpoints share.

    Raises:
        UserError: it is missing, or the two differ.
    """
    ours, theirs = generator / "tokenizer.json", verifier / "tokenizer.json"
    if not ours.is_file():
        raise UserError(f"{generator} has no tokenizer.json")
    if theirs.is_file() and theirs.read_bytes() != ours.read_bytes():
        raise UserError(
            f"{generator} and {verifier} have different tokenizer.json files: the two do not belong together"
        )
    return ours


def _load(kind: Any, path: Path) -> "PreTrainedModel":
    import torch
    from safetensors import SafetensorError

    if not (path / "config.json").is_file():
        raise UserError(f"{path} is not a checkpoint folder: it has no config.json")
    if not list(path.glob("*.safetensors")):
        raise UserError(
            f"{path} holds no .safetensors: save it with model.save_pretrained (pickled weights are not read)"
        )
    try:
        with quiet():
            model, report = kind.from_pretrained(
                path, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise UserError(f"cannot load {path}: {str(error).strip().splitlines()[0]}") from error
    if report["missing_keys"] or report["mismatched_keys"]:
        absent = sorted({*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])})
        raise UserError(f"{path} is not a whole {type(model).__name__}: {absent[0]} is missing")
    return model.eval()


def untied(model: "PreTrainedModel") -> "PreTrainedModel":
    """The model, its head now a copy of the embedding: a tied one is exported as a transpose and never quantized."""
    import torch

    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach().clone())
    model.config.tie_word_embeddings = False
    return model
