"""From two torch checkpoints to a duo folder: optimum export, quantization, parity, manifest, model card."""
