"""Training: tokenizer -> generator -> candidates -> verifier, each a command (``python -m
tinygsm_edge.training.NAME``).

The only package of the library that imports torch. Models are transformers' own classes; a checkpoint is a Hugging
Face folder (config.json, model.safetensors, tokenizer.json), with the optimizer's state beside it as safetensors.
"""
