"""What the page shows, as pure functions of candidates and answers.

Whatever came from a question or a model is escaped here, or goes to components that show plain text (code, table).
"""

from collections.abc import Sequence
from html import escape

from tinygsm_edge.prompt import format_number
from tinygsm_edge.rerank import Candidate
from tinygsm_edge.solver import Answer

COLUMNS = ("#", "answer", "outcome", "score", "logprob", "tokens")

STAGES = (("prefill", "reading the question"), ("decode", "writing programs"), ("run", "waiting for programs to run"),
          ("verify", "judging them"))  # fmt: skip

CSS = """
.verdict {min-height: 7rem; padding: 0.5rem 0.25rem}
.verdict .answer {font-size: 3.5rem; line-height: 1.1; font-weight: 700; overflow-wrap: anywhere}
.verdict .error {border-left: 0.3rem solid #c2410c; padding: 0.5rem 0.75rem; font-size: 1.1rem; overflow-wrap: anywhere}
.verdict .detail, .stages .detail {color: var(--body-text-color-subdued)}
.stages {min-height: 3.5rem; padding: 0.25rem}
.stages .strip {display: flex; height: 0.8rem; border-radius: 0.4rem; overflow: hidden; margin: 0.4rem 0}
.stages .prefill {background: #0369a1} .stages .decode {background: #15803d}
.stages .run {background: #b45309} .stages .verify {background: #7e22ce}
.stages .rest {background: var(--border-color-primary)}
"""


def table(candidates: Sequence[Candidate]) -> list[list[str]]:
    """A row of text per candidate, in the order given."""
    return [
        [
            str(c.index + 1),
            "-" if c.answer is None else format_number(c.answer),
            c.outcome,
            "-" if c.score is None else f"{c.score:.3f}",
            f"{c.logprob:.2f}",
            str(c.tokens),
        ]
        for c in candidates
    ]


def verdict(answer: Answer) -> str:
    """The answer in large type with its confidence and votes."""
    drawn = len(answer.candidates)
    if answer.answer is None:
        return _verdict("no answer", f"none of {drawn} programs returned a number")
    detail = f"confidence {answer.confidence:.0%} · {answer.votes} of {drawn} programs say so"
    return _verdict(format_number(answer.answer), detail)


def progress(done: int, wanted: int) -> str:
    """What stands in the answer's place until there is one."""
    return _verdict("…", f"{done} of {wanted} programs have run")


def message(text: str) -> str:
    """An error in the answer's place."""
    return f'<div class="verdict" role="alert"><div class="error">{escape(text)}</div></div>'


def note(text: str) -> str:
    """A remark in the answer's place."""
    return _verdict("", text)


def stages(answer: Answer) -> str:
    """Where the time of this question went, as a strip to scale and in words; loading the duo is left out."""
    timing = answer.timing_ms
    total = max(timing["total"] - timing.get("load", 0.0), 1e-9)
    spent = {name: timing.get(name, 0.0) for name, _ in STAGES}
    parts = [(name, meaning, spent[name]) for name, meaning in STAGES]
    parts.append(("rest", "everything else", max(total - sum(spent.values()), 0.0)))
    strip = "".join(
        f'<span class="{name}" style="flex: {ms / total:.4f}" title="{meaning}: {ms:.0f} ms"></span>'
        for name, meaning, ms in parts
    )
    words = " · ".join(f"{name} {ms:.0f} ms" for name, _, ms in parts)
    return (
        f'<div class="stages"><b>{total:.0f} ms</b> for {len(answer.candidates)} programs'
        f'<div class="strip" aria-hidden="true">{strip}</div><div class="detail">{words}</div></div>'
    )


def _verdict(large: str, small: str) -> str:
    return (
        f'<div class="verdict" role="status"><div class="answer">{escape(large)}</div>'
        f'<div class="detail">{escape(small)}</div></div>'
    )
