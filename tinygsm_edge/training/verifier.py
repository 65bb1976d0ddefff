"""``python -m tinygsm_edge.training.verifier``: train the model that tells right candidates from wrong ones.

Initialised from the generator, with a scalar head on every token; every token of a candidate is labelled with the
candidate's correctness and all weights are trained (TinyGSM, arXiv 2312.09241). The loss is binary cross-entropy per
token plus the language-model loss on right candidates, question masked (Cobbe et al., arXiv 2110.14168). The executed
result is part of the input (LEVER, arXiv 2302.08468). At inference the score is the sigmoid at the end token.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.files import read_jsonl
from tinygsm_edge.training.options import add_run_options, plan_from, settings_from

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaForTokenClassification, PreTrainedModel

    from tinygsm_edge.training.data import Batch, Batches, Row


def make_verifier(generator: Path) -> "LlamaForTokenClassification":
    """The generator's trunk with a fresh scalar head; the head starts at zero, so every score starts at one half."""
    import torch
    from transformers import LlamaConfig, LlamaForTokenClassification
    from transformers.utils import logging

    logging.set_verbosity_error()  # else it warns that the head is fresh, as it should be
    config = LlamaConfig.from_pretrained(generator)
    config.num_labels = 1
    config.classifier_dropout = 0.0  # exact resumption relies on a loss without randomness
    model = LlamaForTokenClassification.from_pretrained(generator, config=config)
    torch.nn.init.zeros_(model.score.weight)
    torch.nn.init.zeros_(model.score.bias)
    return model


class VerifierLoss:
    """Token-level binary cross-entropy plus ``lm_weight`` times the language-model loss on right candidates."""

    def __init__(self, lm_weight: float):
        self.lm_weight = lm_weight

    def __call__(self, model: "torch.nn.Module", batch: "Batch") -> "tuple[torch.Tensor, dict[str, float]]":
        from torch.nn.functional import binary_cross_entropy_with_logits, linear

        from tinygsm_edge.training.generator import language_model_loss

        output = model(input_ids=batch.tokens, output_hidden_states=True)
        logits = output.logits[..., 0].float()
        scored = batch.scored.float()
        targets = batch.labels[:, None].expand_as(logits)
        losses = binary_cross_entropy_with_logits(logits, targets, reduction="none")
        # Mean over each candidate's tokens first: a long program counts no more than a short one.
        loss = ((losses * scored).sum(1) / scored.sum(1)).mean()
        figures = {"verifier_loss": round(loss.item(), 5)}
        if self.lm_weight > 0:
            embedding = cast("torch.Tensor", _unwrap(model).get_input_embeddings().weight)
            language = language_model_loss(
                linear(output.hidden_states[-1], embedding), batch, scored * batch.labels[:, None]
            )
            loss = loss + self.lm_weight * language
            figures["lm_loss"] = round(language.item(), 5)
        return loss, figures


def _unwrap(model: "torch.nn.Module") -> "PreTrainedModel":
    """The model itself, without the wrapper that averages gradients over processes."""
    return cast("PreTrainedModel", getattr(model, "module", model))


def candidate_rows(path: Path, tokenizer: "Tokenizer", end_token: int, context: int, per_class: int) -> "list[Row]":
    """Verifier rows from the candidates that ran: at most ``per_class`` distinct right and wrong ones a question.

    Which ones are kept depends on how often they were drawn (most frequent first), not on file order.
    """
    from tinygsm_edge.prompt import outcome_line, prompt
    from tinygsm_edge.training.data import encode_rows

    questions: dict[str, dict[bool, dict[str, tuple[int, float]]]] = {}
    for number, row in read_jsonl(path):
        try:
            classes = questions.setdefault(row["question"], {True: {}, False: {}})
            for candidate in row["candidates"]:
                if candidate["outcome"] == "ok":
                    drawn = classes[candidate["right"]]
                    seen = drawn.get(candidate["completion"], (0, 0.0))[0]
                    drawn[candidate["completion"]] = (seen + candidate["count"], candidate["value"])
        except (KeyError, TypeError) as error:
            raise UserError(f"{path}:{number}: not a row of labelled candidates ({error!r} missing)") from error
    pieces, labels = [], []
    for question, classes in questions.items():
        for right, drawn in classes.items():
            kept = sorted(drawn.items(), key=lambda item: (-item[1][0], item[0]))[:per_class]
            pieces += [(prompt(question), completion, outcome_line(value)) for completion, (_, value) in kept]
            labels += [right] * len(kept)
    if len(set(labels)) < 2:
        raise UserError(f"{path} needs right and wrong candidates that ran: draw more, or from other checkpoints")
    return encode_rows(pieces, tokenizer, end_token, context, labels)


def ranking_quality(
    model: "torch.nn.Module", batches: "Batches", count: int, device: "torch.device"
) -> dict[str, float]:
    """Area under the ROC curve of the last token's score, and its Brier score, over ``count`` batches."""
    import torch

    scores, labels = [], []
    with torch.inference_mode():
        for step in range(count):
            batch = batches(step, device)
            logits = model(input_ids=batch.tokens).logits[..., 0].float()
            last = batch.real.sum(1) - 1
            scores.append(logits.gather(1, last[:, None])[:, 0].sigmoid())
            labels.append(batch.labels)
    score, label = torch.cat(scores), torch.cat(labels).bool()
    brier = (score - label.float()).square().mean().item()
    # Probability that a right candidate outranks a wrong one (ties count half).
    difference = score[label][:, None] - score[~label][None, :]
    auc = ((difference > 0).float() + 0.5 * (difference == 0).float()).mean().item()
    return {"validation_auc": round(auc, 4), "validation_brier": round(brier, 4)}


def main(argv: Sequence[str] | None = None) -> int:
    parser = cli.Parser(prog="python -m tinygsm_edge.training.verifier", description=__doc__)
    parser.add_argument("--candidates", type=Path, required=True, help="JSONL of training.sample")
    parser.add_argument("--validation", type=Path, help="the same for held-out questions: AUC at each checkpoint")
    parser.add_argument("--generator", type=Path, required=True, help="checkpoint to start from")
    parser.add_argument("--lm-weight", type=float, default=0.3, help="weight of the language-model loss (default 0.3)")
    parser.add_argument("--per-class", type=int, default=8, help="right and wrong candidates a question (default 8)")
    add_run_options(parser, learning_rate=5e-4, batch_tokens=8192, steps=2_000)
    options = parser.parse_args(argv)
    plan = plan_from(options)

    from tinygsm_edge.training.checkpoint import tokenizer_of
    from tinygsm_edge.training.data import Batches
    from tinygsm_edge.training.loop import make_accelerator, prepare_folder, train
    from tinygsm_edge.training.tokenizer import END_TOKEN, load_tokenizer

    tokenizer_file = tokenizer_of(options.generator)
    tokenizer = load_tokenizer(tokenizer_file)
    end_token = tokenizer.token_to_id(END_TOKEN)
    rows = candidate_rows(options.candidates, tokenizer, end_token, options.context, options.per_class)
    accelerator = make_accelerator()
    model = make_verifier(options.generator)
    if accelerator.is_main_process:
        prepare_folder(options.out, settings_from(options), options.restart)
        print(f"{len(rows)} candidates, {sum(bool(row.label) for row in rows) / len(rows):.1%} right")
    accelerator.wait_for_everyone()
    world = {"rank": accelerator.process_index, "world": accelerator.num_processes}
    batches = Batches(rows, options.batch_tokens, end_token, options.seed, **world)
    evaluate = None
    if options.validation is not None:
        held = candidate_rows(options.validation, tokenizer, end_token, options.context, options.per_class)
        held_batches = Batches(held, options.batch_tokens, end_token, seed=0)
        count = max(1, sum(len(row.tokens) for row in held) // options.batch_tokens)

        def evaluate(model: "torch.nn.Module") -> dict[str, float]:
            return ranking_quality(model, held_batches, count, accelerator.device)

    summary = train(
        model, batches, VerifierLoss(options.lm_weight), plan, options.out, tokenizer_file, accelerator, evaluate,
        options.compile,
    )  # fmt: skip
    if accelerator.is_main_process:
        print(f"{options.out / 'final'}: {summary['steps']} steps, loss {summary.get('loss')}, "
              f"validation AUC {summary.get('validation_auc')}")  # fmt: skip
    return cli.EXIT_OK


if __name__ == "__main__":
    cli.run(main)
