"""``python -m tinygsm_edge.training.generator``: train the program writer.

A Llama-shaped decoder (transformers' ``LlamaForCausalLM``) on prompt + completion, with a smaller weight on the tokens
of the question than on those of the program (TinyGSM, arXiv 2312.09241, trains on the same format).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.training.options import add_run_options, plan_from, settings_from

if TYPE_CHECKING:
    import torch
    from transformers import LlamaConfig, PreTrainedModel

    from tinygsm_edge.training.data import Batch, Batches

# width, layers, width of one attention head: one dial instead of six flags
SIZES = {
    "1m": (128, 4, 32),
    "3m": (192, 6, 32),
    "6m": (256, 6, 32),
    "10m": (320, 8, 32),
    "40m": (512, 12, 64),
    "125m": (768, 16, 64),
}


def make_config(size: str, vocabulary: int, context: int, end_token: int) -> "LlamaConfig":
    """The Llama shape of a size: SwiGLU of 8/3 of the width, two query heads to a key-value head, tied embedding."""
    from transformers import LlamaConfig

    width, layers, head = SIZES[size]
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=-(-width * 8 // 3 // 128) * 128,  # blocks of 128 are what the quantized kernels like
        num_hidden_layers=layers,
        num_attention_heads=width // head,
        num_key_value_heads=max(1, width // head // 2),
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=end_token,
        eos_token_id=end_token,
        pad_token_id=end_token,
    )


def language_model_loss(logits: "torch.Tensor", batch: "Batch", weights: "torch.Tensor") -> "torch.Tensor":
    """Weighted mean next-token cross-entropy in nats.

    Shapes: ``logits`` [rows, length, vocabulary]; ``weights`` [rows, length], the weight of predicting each token.
    """
    from torch.nn.functional import cross_entropy

    losses = cross_entropy(logits[:, :-1].flatten(0, 1).float(), batch.tokens[:, 1:].flatten(), reduction="none")
    weights = weights[:, 1:].flatten()
    return (losses * weights).sum() / weights.sum().clamp(min=1.0)


class GeneratorLoss:
    """Cross-entropy on completion tokens, plus ``question_weight`` times that on prompt tokens."""

    def __init__(self, question_weight: float):
        self.question_weight = question_weight

    def __call__(self, model: "torch.nn.Module", batch: "Batch") -> "tuple[torch.Tensor, dict[str, float]]":
        weights = batch.scored.float() + self.question_weight * (batch.real & ~batch.scored).float()
        return language_model_loss(model(input_ids=batch.tokens).logits, batch, weights), {}


def validation_loss(
    model: "torch.nn.Module", batches: "Batches", count: int, device: "torch.device"
) -> dict[str, float]:
    """Mean cross-entropy per completion token over the first ``count`` batches."""
    import torch

    total, tokens = 0.0, 0.0
    with torch.inference_mode():
        for step in range(count):
            batch = batches(step, device)
            weights = batch.scored.float()
            n = weights[:, 1:].sum().item()
            total += language_model_loss(model(input_ids=batch.tokens).logits, batch, weights).item() * n
            tokens += n
    return {"validation_loss": round(total / tokens, 4)}


def _initial_model(options: argparse.Namespace, vocabulary: int, end_token: int) -> "PreTrainedModel":
    from transformers import LlamaForCausalLM

    if options.init_from is None:
        return LlamaForCausalLM(make_config(options.size, vocabulary, options.context, end_token))
    model = LlamaForCausalLM.from_pretrained(options.init_from)
    if model.config.vocab_size != vocabulary:
        raise UserError(
            f"{options.init_from} has {model.config.vocab_size} tokens, the tokenizer {vocabulary}: they must be one"
        )
    return model


def main(argv: Sequence[str] | None = None) -> int:
    parser = cli.Parser(prog="python -m tinygsm_edge.training.generator", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="JSONL of problems with question, solution, answer")
    parser.add_argument("--validation", type=Path, help="JSONL of problems whose loss is reported at each checkpoint")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--size", choices=SIZES, default="6m", help="parameters, about (default %(default)s)")
    parser.add_argument("--init-from", type=Path, help="start from this checkpoint instead of random weights")
    parser.add_argument("--question-weight", type=float, default=0.3, help="loss weight of prompt tokens (default 0.3)")
    add_run_options(parser, learning_rate=2e-3, batch_tokens=8192, steps=20_000)
    options = parser.parse_args(argv)
    plan = plan_from(options)

    import torch

    from tinygsm_edge.training.data import Batches, generator_rows, read_training_problems
    from tinygsm_edge.training.loop import make_accelerator, prepare_folder, train
    from tinygsm_edge.training.tokenizer import END_TOKEN, load_tokenizer

    tokenizer = load_tokenizer(options.tokenizer)
    end_token = tokenizer.token_to_id(END_TOKEN)
    rows = generator_rows(read_training_problems(options.data), tokenizer, end_token, options.context)
    accelerator = make_accelerator()
    torch.manual_seed(options.seed)  # the same initial weights in every process
    model = _initial_model(options, tokenizer.get_vocab_size(), end_token)
    if accelerator.is_main_process:
        prepare_folder(options.out, settings_from(options), options.restart)
        parameters = sum(p.numel() for p in model.parameters())
        tokens = sum(len(row.tokens) for row in rows)
        print(f"{parameters / 1e6:.2f}M parameters, {len(rows)} rows, {tokens / 1e6:.2f}M tokens")
    accelerator.wait_for_everyone()
    world = {"rank": accelerator.process_index, "world": accelerator.num_processes}
    batches = Batches(rows, options.batch_tokens, end_token, options.seed, **world)
    evaluate = None
    if options.validation is not None:
        held = generator_rows(read_training_problems(options.validation), tokenizer, end_token, options.context)
        held_batches = Batches(held, options.batch_tokens, end_token, seed=0)
        count = -(-sum(len(row.tokens) for row in held) // options.batch_tokens)

        def evaluate(model: "torch.nn.Module") -> dict[str, float]:
            return validation_loss(model, held_batches, count, accelerator.device)

    summary = train(
        model, batches, GeneratorLoss(options.question_weight), plan, options.out, options.tokenizer, accelerator,
        evaluate, options.compile,
    )  # fmt: skip
    if accelerator.is_main_process:
        print(f"{options.out / 'final'}: {summary['steps']} steps, loss {summary.get('loss')}, "
              f"validation loss {summary.get('validation_loss')}")  # fmt: skip
    return cli.EXIT_OK


if __name__ == "__main__":
    cli.run(main)
