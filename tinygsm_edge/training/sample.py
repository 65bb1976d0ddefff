"""``python -m tinygsm_edge.training.sample``: draw candidates from checkpoints and label them by running them.

The verifier learns from the generator's own right and wrong programs. Several checkpoints and temperatures make them
diverse, which TinyGSM (arXiv 2312.09241, section 4) found to matter: three checkpoints, temperatures 0.5 and 0.7,
48 candidates a question.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.files import drop_cut_line, read_jsonl
from tinygsm_edge.prompt import function, prompt

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

    from tinygsm_edge.problems.problem import Problem
    from tinygsm_edge.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Draw:
    """How candidates are drawn: ``rows`` candidates run as one batch on the device."""

    candidates: int
    temperature: float
    max_tokens: int
    rows: int
    seed: int


def draw_completions(
    model: "PreTrainedModel", tokenizer: "Tokenizer", end_token: int, questions: Sequence[str], draw: Draw
) -> Iterator[tuple[int, list[str | None]]]:
    """Yield (index of the question, its completions); None is one that did not end within ``max_tokens``.

    Questions of similar length share a left-padded batch (rotary positions are relative, so the padding moves nothing).
    """
    import torch

    prompts = [encoding.ids for encoding in tokenizer.encode_batch([prompt(question) for question in questions])]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    step = max(1, draw.rows // draw.candidates)
    torch.manual_seed(draw.seed)
    for start in range(0, len(order), step):
        chosen = order[start : start + step]
        longest = max(len(prompts[i]) for i in chosen)
        tokens = torch.full((len(chosen), longest), end_token)
        mask = torch.zeros_like(tokens)
        for row, i in enumerate(chosen):
            tokens[row, longest - len(prompts[i]) :] = torch.tensor(prompts[i])
            mask[row, longest - len(prompts[i]) :] = 1
        written = _decode_batch(model, tokens.to(model.device), mask.to(model.device), end_token, draw).tolist()
        for row, i in enumerate(chosen):
            yield i, [_text(tokenizer, ids, end_token) for ids in written[row * draw.candidates :][: draw.candidates]]


def _decode_batch(
    model: "PreTrainedModel", tokens: "torch.Tensor", mask: "torch.Tensor", end_token: int, draw: Draw
) -> "torch.Tensor":
    """Sample ``draw.candidates`` continuations of each prompt: one prefill a prompt, finished rows leave the batch.

    (transformers' ``generate`` prefills every copy and decodes all rows until the last one ends: several times slower
    here.) Shapes: ``tokens`` and ``mask`` [prompts, length]; returns [prompts * candidates, max_tokens], where a row
    means nothing after its first end token.
    """
    import torch
    from transformers import DynamicCache

    with torch.inference_mode():
        output = model(input_ids=tokens, attention_mask=mask, past_key_values=DynamicCache(), logits_to_keep=1)
        cache = output.past_key_values
        cache.batch_repeat_interleave(draw.candidates)
        logits = output.logits[:, -1].repeat_interleave(draw.candidates, 0)
        mask = mask.repeat_interleave(draw.candidates, 0)
        written = torch.full((len(mask), draw.max_tokens), end_token, device=tokens.device)
        live = torch.arange(len(mask), device=tokens.device)
        ended = torch.zeros_like(live, dtype=torch.bool)
        for step in range(draw.max_tokens):
            drawn = torch.multinomial((logits.float() / draw.temperature).softmax(-1), 1)[:, 0]
            written[live, step] = drawn
            ended |= drawn == end_token
            if ended.all():
                break
            if ended.sum() * 8 >= len(ended):  # dropping rows copies the cache, so it waits for an eighth of them
                kept = (~ended).nonzero()[:, 0]
                cache.batch_select_indices(kept)
                live, mask, drawn, ended = live[kept], mask[kept], drawn[kept], ended[kept]
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
            output = model(input_ids=drawn[:, None], attention_mask=mask, past_key_values=cache)
            logits = output.logits[:, -1]
    return written


def _text(tokenizer: "Tokenizer", ids: list[int], end_token: int) -> str | None:
    return tokenizer.decode(ids[: ids.index(end_token)]) if end_token in ids else None


def label_candidates(
    problem: "Problem", completions: Sequence[str | None], sandbox: "Sandbox"
) -> list[dict[str, Any]]:
    """Run each distinct completion once; ``count`` says how often it was drawn, ``right`` whether its value is gold.

    Those cut off (None) are only counted: the solver runs and scores no such candidate either.
    """
    from tinygsm_edge.problems.problem import answers_equal

    counts = Counter(completion for completion in completions if completion is not None)
    executions = sandbox.run_many([function(completion) for completion in counts])
    rows: list[dict[str, Any]] = [
        {
            "completion": completion,
            "count": count,
            "outcome": execution.outcome,
            "value": execution.value,
            "right": execution.value is not None and answers_equal(execution.value, problem.answer),
        }
        for (completion, count), execution in zip(counts.items(), executions, strict=True)
    ]
    if cut_off := len(completions) - counts.total():
        rows.append(
            {"completion": None, "count": cut_off, "outcome": "syntax_error", "value": None, "right": False}
        )
    return rows


def _load(folder: Path) -> "PreTrainedModel":
    import torch
    from transformers import LlamaForCausalLM

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = LlamaForCausalLM.from_pretrained(folder)
    return model.to(device, dtype=torch.bfloat16 if device == "cuda" else torch.float32).eval()


def _key(row: dict[str, Any]) -> tuple[str, str, float]:
    return row["question"], row["checkpoint"], row["temperature"]


def main(argv: Sequence[str] | None = None) -> int:
    parser = cli.Parser(prog="python -m tinygsm_edge.training.sample", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="JSONL of problems with question and answer")
    add("--checkpoints", type=Path, nargs="+", required=True, help="generator checkpoints, each drawn from")
    add("--out", type=Path, required=True, help="JSONL of labelled candidates; an interrupted run is continued")
    add("--candidates", type=int, default=48, help="per question, shared by checkpoints and temperatures (default 48)")
    add("--temperatures", type=float, nargs="+", default=[0.5, 0.7], help="default 0.5 0.7")
    add("--max-tokens", type=int, default=256, help="longest completion (default %(default)s)")
    add("--rows", type=int, default=192, help="candidates in one batch; thousands on a GPU (default %(default)s)")
    add("--limit", type=int, help="only the first so many problems")
    add("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    each, rest = divmod(options.candidates, len(options.checkpoints) * len(options.temperatures))
    if each < 1 or rest:
        raise UserError(
            f"--candidates {options.candidates} does not divide among {len(options.checkpoints)} checkpoints and "
            f"{len(options.temperatures)} temperatures: take a multiple"
        )
    if options.max_tokens < 1 or options.rows < 1 or (options.limit is not None and options.limit < 1):
        raise UserError("--max-tokens, --rows and --limit must be 1 or more")
    if min(options.temperatures) <= 0:
        raise UserError("--temperatures must be above 0: greedy candidates would all be the same")

    from tqdm import tqdm

    from tinygsm_edge.problems.problem import read_problems
    from tinygsm_edge.sandbox import Sandbox
    from tinygsm_edge.training.checkpoint import tokenizer_of
    from tinygsm_edge.training.tokenizer import END_TOKEN, load_tokenizer

    problems = [p for p in read_problems(options.data) if p.answer is not None][: options.limit]
    if not problems:
        raise UserError(f"{options.data} has no problem with an answer: each line needs question and answer")
    done = {_key(row) for row in _read_whole_lines(options.out)}
    total = len(problems) * len(options.checkpoints) * len(options.temperatures)
    bar = tqdm(total=total, initial=len(done), disable=None, unit="question")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with Sandbox() as sandbox, open(options.out, "a", encoding="utf-8") as out:
        for checkpoint in options.checkpoints:
            tokenizer = load_tokenizer(tokenizer_of(checkpoint))
            model, end_token = _load(checkpoint), tokenizer.token_to_id(END_TOKEN)
            for temperature in options.temperatures:
                left = [p for p in problems if (p.question, str(checkpoint), temperature) not in done]
                draw = Draw(each, temperature, options.max_tokens, options.rows, options.seed)
                drawn = draw_completions(model, tokenizer, end_token, [p.question for p in left], draw)
                for index, completions in drawn:
                    problem = left[index]
                    row = {
                        "question": problem.question,
                        "answer": problem.answer,
                        "source": problem.source,
                        "checkpoint": str(checkpoint),
                        "temperature": temperature,
                        "candidates": label_candidates(problem, completions, sandbox),
                    }
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")
                    out.flush()
                    bar.update(1)
    bar.close()
    print(summarize(options.out))
    return cli.EXIT_OK


def _read_whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of an earlier, perhaps interrupted run; a last line cut short by a kill is removed from the file."""
    if not path.exists():
        return
    drop_cut_line(path)
    for _, row in read_jsonl(path):
        yield row


def summarize(path: Path) -> str:
    """One line: questions, candidates, how many ran, how many were right."""
    outcomes: Counter[str] = Counter()
    right, questions = 0, set()
    for _, row in read_jsonl(path):
        questions.add(row["question"])
        for candidate in row["candidates"]:
            outcomes[candidate["outcome"]] += candidate["count"]
            right += candidate["count"] * candidate["right"]
    drawn = outcomes.total()
    shares = ", ".join(f"{name} {count / drawn:.1%}" for name, count in outcomes.most_common())
    return f"{path}: {len(questions)} questions, {drawn} candidates, right {right / drawn:.1%}; {shares}"


if __name__ == "__main__":
    cli.run(main)
