"""``python -m tinygsm_edge.training.tokenizer``: learn a small byte-level BPE from problems.

A vocabulary of a few thousand entries keeps a tiny model's parameters in its layers instead of its embedding and makes
the sampling head cheap; digits are split one by one, so that every number is read place by place (design of the
project; byte-level BPE after GPT-2).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinygsm_edge import cli
from tinygsm_edge.errors import UserError
from tinygsm_edge.files import atomic_path
from tinygsm_edge.prompt import completion, outcome_line, prompt

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from tinygsm_edge.problems.problem import Problem

END_TOKEN = "<|end|>"
SMALLEST_VOCABULARY = 257  # 256 bytes and the end token


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> "Tokenizer":
    """A byte-level BPE tokenizer of ``vocabulary`` entries; entry 0 is the end token, which is also the padding."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_TOKEN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def load_tokenizer(path: Path) -> "Tokenizer":
    """Read a ``tokenizer.json``; text that looks like a special token is encoded as plain text.

    Raises:
        UserError: no such file, not a tokenizer, or one without the end token.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception for a missing or malformed file
        raise UserError(f"cannot read the tokenizer {path}: {error}") from error
    if tokenizer.token_to_id(END_TOKEN) is None:
        raise UserError(f"{path} has no {END_TOKEN} token: train one with python -m tinygsm_edge.training.tokenizer")
    tokenizer.encode_special_tokens = True
    return tokenizer


def training_text(problem: "Problem") -> str:
    """All that the models ever read about a problem: prompt, completion, outcome line."""
    assert problem.solution is not None and problem.answer is not None
    return prompt(problem.question) + completion(problem.solution) + outcome_line(problem.answer)


def main(argv: Sequence[str] | None = None) -> int:
    parser = cli.Parser(prog="python -m tinygsm_edge.training.tokenizer", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="JSONL of problems with question, solution, answer")
    parser.add_argument("--out", type=Path, required=True, help="where to write tokenizer.json")
    parser.add_argument("--vocabulary", type=int, default=4096, help="entries (default %(default)s)")
    options = parser.parse_args(argv)
    if options.vocabulary < SMALLEST_VOCABULARY:
        raise UserError(f"--vocabulary {options.vocabulary} is too small: at least {SMALLEST_VOCABULARY} (all bytes)")

    from tinygsm_edge.training.data import read_training_problems

    problems = read_training_problems(options.data)
    tokenizer = train_tokenizer(map(training_text, problems), options.vocabulary)
    with atomic_path(options.out) as temporary:
        tokenizer.save(str(temporary))
    sizes = [len(tokenizer.encode(training_text(problem)).ids) for problem in problems[:2000]]
    print(
        f"{options.out}: {tokenizer.get_vocab_size()} entries from {len(problems)} problems, "
        f"{sum(sizes) / len(sizes):.0f} tokens a problem on average, {max(sizes)} at most (first {len(sizes)})"
    )
    return cli.EXIT_OK


if __name__ == "__main__":
    cli.run(main)
