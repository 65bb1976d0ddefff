"""Tiny checkpoints for tests: a 2-layer, 64-wide Llama that has just learnt five programs by heart, and its verifier.

It is trained for a moment rather than left random: then programs run, answers exist and greedy decoding has no ties,
so the tests of engine, export and solver see what they will see in use. Made in about three seconds, on CPU.
"""

import json
from pathlib import Path

from tinygsm_edge import prompt

END_TOKEN = 0
CONTEXT = 160
QUESTIONS_AND_SOLUTIONS = (
    ("Ann has 3 red and 4 blue kites. How many kites?", "red = 3\nblue = 4\nresult = red + blue\nreturn result"),
    ("A bus seats 12. How many do 5 buses seat?", "seats = 12\nresult = seats * 5\nreturn result"),
    ("Bo had 20 nuts and ate 6. How many are left?", "nuts = 20\nresult = nuts - 6\nreturn result"),
    ("9 mugs cost 27 dollars. What is one mug?", "cost = 27\nresult = cost / 9\nreturn result"),
    ("Di runs 2 km on each of 7 days. How far is it?", "days = 7\nresult = days * 2\nreturn result"),
)


def texts() -> list[tuple[str, str]]:
    """The learnt (prompt, completion) pairs."""
    return [(prompt.prompt(question), prompt.completion(solution)) for question, solution in QUESTIONS_AND_SOLUTIONS]


def make_tokenizer(folder: Path) -> None:
    """A byte-level BPE of 384 tokens with single digits and ``<|end|>`` as token 0, at ``folder/tokenizer.json``."""
    from tinygsm_edge.training.tokenizer import train_tokenizer

    tokenizer = train_tokenizer([text for pair in texts() for text in pair], vocabulary=384)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))


def make_generator(folder: Path, steps: int = 120) -> None:
    """A LlamaForCausalLM checkpoint (tied embeddings, grouped-query attention) trained on :func:`texts`."""
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaConfig, LlamaForCausalLM

    make_tokenizer(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # Prompt and completion apart, as in use: one text would let a token span the boundary.
    rows = [[*tokenizer.encode(first).ids, *tokenizer.encode(second).ids, END_TOKEN] for first, second in texts()]
    width = max(map(len, rows))
    tokens = torch.tensor([row + [END_TOKEN] * (width - len(row)) for row in rows])
    labels = torch.tensor([row + [-100] * (width - len(row)) for row in rows])
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=64, intermediate_size=160, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=CONTEXT, tie_word_embeddings=True,
        bos_token_id=None, eos_token_id=END_TOKEN, pad_token_id=END_TOKEN,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    for _ in range(steps):
        loss = model(input_ids=tokens, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval().save_pretrained(folder)


def make_verifier(generator: Path, folder: Path) -> None:
    """A LlamaForTokenClassification checkpoint: the generator's layers, a random head that spreads its scores."""
    import torch
    from transformers import LlamaForTokenClassification

    torch.manual_seed(1)
    model = LlamaForTokenClassification.from_pretrained(generator, num_labels=1)
    with torch.no_grad():
        model.score.weight.normal_(std=0.1)
        model.score.bias.fill_(0.25)
    model.eval().save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((generator / "tokenizer.json").read_bytes())


def make_checkpoints(folder: Path) -> tuple[Path, Path]:
    """Generator and verifier checkpoint folders under ``folder``."""
    generator, verifier = folder / "generator", folder / "verifier"
    make_generator(generator)
    make_verifier(generator, verifier)
    return generator, verifier


def edit_manifest(duo: Path, **changes: object) -> None:
    """Overwrite entries of a duo folder's ``duo.json``."""
    manifest = json.loads((duo / "duo.json").read_text())
    (duo / "duo.json").write_text(json.dumps(manifest | changes))
