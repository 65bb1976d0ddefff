"""ONNX Runtime sessions that draw and score many candidates of one prompt: token ids in, token ids out, no text."""

from tinygsm_edge.engine.generator import Completion, Generator
from tinygsm_edge.engine.sampling import Sampling
from tinygsm_edge.engine.verifier import Verifier

__all__ = ["Completion", "Generator", "Sampling", "Verifier"]
