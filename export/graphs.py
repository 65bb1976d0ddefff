"""Torch model to ONNX file through optimum, and its 8-bit form.

8 bits here means weights in blocks of 64 with one scale each (ONNX Runtime's MatMulNBits) and activations quantized row
by row inside the kernel. Dynamic int8 is the faster form at large batches, but it takes one activation scale for the
whole batch, so that a candidate would depend on the candidates beside it.
"""

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from export.checkpoints import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedModel

OPSET = 18
PRECISIONS = ("fp32", "int8")
BLOCK_SIZE = 64
INT8_COMPUTE = 4  # MatMulNBits: accuracy level 4 multiplies in int8


def export_fp32(model: "PreTrainedModel", target: Path) -> None:
    """Write a causal model with past as one ONNX file, float32, weights inside."""
    from optimum.exporters.onnx import onnx_export_from_model

    with tempfile.TemporaryDirectory(dir=target.parent) as folder, quiet():
        onnx_export_from_model(
            model, output=Path(folder), task="text-generation-with-past", opset=OPSET, do_validation=False
        )
        (Path(folder) / "model.onnx").replace(target)


def quantize(source: Path, target: Path, precision: str) -> None:
    """Write ``source`` with the weights of its matrix products in 8 bits, the head of the vocabulary among them.

    A verifier's head stays float32: it is one column, and the score is read right off it.
    """
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    assert precision == "int8", precision
    model = onnx.load(source)
    widths = {weight.name: weight.dims[-1] for weight in model.graph.initializer if len(weight.dims) == 2}
    narrow = [node.name for node in model.graph.node if node.op_type == "MatMul" and widths.get(node.input[1]) == 1]
    disabled = logging.root.manager.disable
    logging.disable(logging.INFO)  # the quantizer reports every node
    try:
        quantizer = MatMulNBitsQuantizer(
            model, bits=8, block_size=BLOCK_SIZE, is_symmetric=True, accuracy_level=INT8_COMPUTE,
            nodes_to_exclude=narrow,
        )  # fmt: skip
        quantizer.process()
    finally:
        logging.disable(disabled)
    onnx.save(quantizer.model.model, target)


def operators(path: Path) -> dict[str, int]:
    """How often each operator occurs in an ONNX file."""
    from collections import Counter

    import onnx

    return dict(Counter(node.op_type for node in onnx.load(path, load_external_data=False).graph.node))
