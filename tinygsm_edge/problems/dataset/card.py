"""The data card of a training set: ``card.json`` with every count, ``README.md`` for people and dataset hubs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygsm_edge.files import atomic_path
from tinygsm_edge.problems.compare import distances
from tinygsm_edge.problems.dataset.census import Census, token_lengths
from tinygsm_edge.problems.dataset.plan import Plan
from tinygsm_edge.problems.dataset.units import FATES, SOURCES

if TYPE_CHECKING:
    from tinygsm_edge.problems.dataset.build import Built

CARD = "card.json"
_TOKENIZER = Path(__file__).parents[2] / "default_duo" / "tokenizer.json"
_LICENCES = {
    "real": "GSM8K train (Cobbe et al., arXiv 2110.14168), MIT; solutions made from its worked answers",
    "resampled": "GSM8K train with fresh numbers and names, MIT",
    "mathcamps": "MathCAMPS (Mishra et al., arXiv 2407.00900), MIT, and its questions with fresh numbers",
    "tinygsm": "TinyGSM (Liu et al., arXiv 2312.09241), under the licence of its copy",
    "teacher": "written by the teacher model that was asked: its terms apply",
    "template": "authored templates of tinygsm_edge, MIT",
    "composed": "composed by tinygsm_edge, MIT",
}
_BAR = 40


def write_card(
    folder: Path, census: Census, built: "Built", plan: Plan, shards: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Write both files; returns the counts."""
    from tokenizers import Tokenizer

    card = {
        **census.to_json(),
        "wanted": plan.size,
        "seed": plan.seed,
        "fates": {
            source: {fate: built.fates[source, fate] for fate in FATES if built.fates[source, fate]}
            for source in SOURCES
            if built.fates[source, "drawn"]
        },
        "tokens": token_lengths(census.sample, Tokenizer.from_file(str(_TOKENIZER))),
        "origins": {name: Path(path).name if Path(path).exists() else path for name, path in plan.origins.items()},
        "licences": {source: _LICENCES[source] for source in census.sources if source in _LICENCES},
        "fit": distances(census.sample, plan.real) if plan.real else {},
        "mit": not set(census.sources) & {"tinygsm", "teacher"},
        "decontaminated": plan.decontaminate is not None,
        "fingerprint": plan.fingerprint(),
        "files": list(shards),
    }
    for name, text in ((CARD, json.dumps(card, indent=1) + "\n"), ("README.md", readme(card))):
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return card


def readme(card: Mapping[str, Any]) -> str:
    """The card as Markdown, with the front matter that dataset hubs read."""
    sample, tokens = card["sample"], card["tokens"]
    ngrams = ", ".join(
        f"{count['distinct']:,} of {count['all']:,} {n}-grams" for n, count in sample["distinct_ngrams"].items()
    )
    kept_out = (
        "No question equals an evaluation question or shares thirteen words in a row with one."
        if card["decontaminated"]
        else "Not compared with evaluation questions: no hashes were given."
    )
    parts = [
        f"---\nlicense: {'mit' if card['mit'] else 'other'}\ntask_categories: [text-generation]\nlanguage: [en]\n"
        "configs:\n- config_name: default\n  data_files: '*.jsonl.zst'\n---\n",
        f"# {card['problems']:,} word problems with Python solutions\n",
        "Made by `python -m tinygsm_edge.problems build`. Every solution was run in a sandbox and gave the stored "
        f"answer. {kept_out} Seed {card['seed']}; the same inputs give the same bytes.\n",
        "## Sources\n",
        _table(
            ["source", "problems", "licence"],
            [[source, f"{count:,}", card["licences"].get(source, "")] for source, count in card["sources"].items()],
        ),
        "## What the filters dropped\n",
        _fates(card["fates"]),
        "## Steps (operations of a solution)\n",
        _drawn(card["steps"]),
        f"{card['structures']:,} structures (syntax trees with names and constants masked).\n",
        "## Answers\n",
        _drawn(card["answers"]),
        "## Tokens per problem\n",
        f"Mean {tokens['mean']}, longest {tokens['longest']}, over {tokens['problems']:,} problems with the tokenizer "
        "of the default duo.\n",
        _drawn(tokens["histogram"]),
        "## Language\n",
        f"{card['words_per_question']} words a question; of a sample of {sample['problems']:,} "
        f"{sample['near_duplicates']:,} are near-duplicates of an earlier one (MinHash over word 5-grams, numbers "
        f"masked, Jaccard 0.9), and their words make {ngrams}. {card['with_distractors']:,} problems carry a number "
        "that their solution does not need.\n",
        *_fit(card["fit"]),
        "## Situations\n",
        _table(["situation", "problems"], [[name, f"{count:,}"] for name, count in card["situations"].items()]),
        "## Files\n",
        _table(
            ["file", "problems", "sha256"],
            [[entry["file"], f"{entry['rows']:,}", f"`{entry['sha256']}`"] for entry in card["files"]],
        ),
    ]
    return "\n".join(parts)


def _fit(fit: Mapping[str, float]) -> list[str]:
    if not fit:
        return []
    rows = [[name.replace("_", " "), f"{value:.3f}"] for name, value in fit.items()]
    return [
        "## Fit to GSM8K train\n",
        "Jensen-Shannon divergences in bits (0: the same distribution, 1: nothing in common), and the shares of its "
        "words and structures that occur here.\n",
        _table(["distribution", ""], rows),
    ]


def _fates(fates: Mapping[str, Mapping[str, int]]) -> str:
    shown = [fate for fate in FATES if any(fate in row for row in fates.values())]
    return _table(
        ["source", *shown], [[source, *(f"{row.get(fate, 0):,}" for fate in shown)] for source, row in fates.items()]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def bars(counts: Mapping[str, int]) -> str:
    """Counts as text: a bar, the number and its share for each."""
    most, total = max(counts.values(), default=1), max(1, sum(counts.values()))
    width = max((len(name) for name in counts), default=0)
    lines = [
        f"{name:>{width}} {'█' * round(_BAR * count / most):<{_BAR}} {count:>10,} {100 * count / total:5.1f} %"
        for name, count in counts.items()
    ]
    return "\n".join(lines)


def _drawn(counts: Mapping[str, int]) -> str:
    return f"```\n{bars(counts)}\n```\n"
