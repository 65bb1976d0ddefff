"""What the page shows, as pure functions of candidates and answers.

Whatever came from a question or a model is escaped here, or goes to the code box, which shows plain text.
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
.verdict .detail, .stages .detail {opacity: 0.8}
.stages {min-height: 3.5rem; padding: 0.25rem}
.stages .strip {display: flex; height: 0.8rem; border-radius: 0.4rem; overflow: hidden; margin: 0.4rem 0}
.stages .prefill {background: #0369a1} .stages .decode {background: #15803d}
.stages .run {background: #b45309} .stages .verify {background: #7e22ce}
.stages .rest {background: var(--border-color-primary)}
.candidates {max-height: 32rem; overflow: auto; padding: 0.25rem}
.candidates table {width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums}
.candidates caption {text-align: left; padding: 0.25rem 0}
.candidates th, .candidates td {text-align: right; padding: 0.25rem 0.5rem; border-width: 0 !important}
.candidates tr {border-bottom: 1px solid var(--border-color-primary) !important}
"""


def rows(candidates: Sequence[Candidate]) -> list[list[str]]:
    """What is shown of each candidate, in the order given: a text per column."""
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


def table(candidates: Sequence[Candidate]) -> str:
    """The candidates as a table.

    Not Gradio's own: its rows do not appear before the end when a table grows while a generator is running (6.17).
    """

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(cells, "td") for cells in rows(candidates))
    return (
        '<div class="candidates" tabindex="0"><table><caption>All programs sampled</caption>'
        f"<thead>{line(COLUMNS, 'th')}</thead><tbody>{body}</tbody></table></div>"
    )


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
    total = timing["total"] - timing.get("load", 0.0)
    parts = [(name, meaning, timing.get(name, 0.0)) for name, meaning in STAGES]
    parts.append(("rest", "everything else", max(total - sum(ms for *_, ms in parts), 0.0)))
    whole = sum(ms for *_, ms in parts) or 1.0
    strip = "".join(
        f'<span class="{name}" style="flex: {ms / whole:.4f}" title="{meaning}: {ms:.0f} ms"></span>'
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
