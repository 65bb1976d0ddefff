"""The Gradio page and its one API endpoint, ``/solve``; see :mod:`demo.service` for who may use the solver when.

Nothing is asked of any other machine: no analytics, no share link, system fonts only, all scripts from the package.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import Any

from demo import view
from demo.service import MAX_CANDIDATES, MAX_QUESTION, MAX_SEED, Service
from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.problem import read_problems
from tinygsm_edge.rerank import Candidate
from tinygsm_edge.solve import printable
from tinygsm_edge.solver import Answer

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read while gradio is imported
GRADIO = (6, 17)
_TROUBLE = "the demo needs gradio {}.{} or newer: pip install 'tinygsm-edge[demo]'".format(*GRADIO)
try:
    import gradio as gr
except ModuleNotFoundError as error:
    if error.name != "gradio":
        raise
    raise UserError(_TROUBLE) from error
if tuple(map(int, gr.__version__.split(".")[:2])) < GRADIO:
    raise UserError(f"{_TROUBLE} (found {gr.__version__})")

TITLE = "tinygsm_edge"
WAITING = 32
"""Requests that may wait for their turn; further ones are told that the queue is full."""

_FONT = ("system-ui", "sans-serif")
_MONO = ("ui-monospace", "monospace")
Shown = tuple[str, str | None, str, str]
"""The page's outputs: verdict, program, table, stages."""


def build(service: Service, candidates: int) -> gr.Blocks:
    """The page; ``candidates`` is what its slider starts with."""
    with gr.Blocks(title=TITLE, analytics_enabled=False) as blocks:
        gr.Markdown(
            f"# {TITLE}\nA tiny model writes programs for your problem, a sandbox runs them, a second tiny model "
            "judges them. All on this machine."
        )
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                # A box of one line that grows: then Enter submits, and Shift+Enter starts a line.
                question = gr.Textbox(
                    label="Problem", lines=1, max_lines=8, max_length=MAX_QUESTION, autofocus=True,
                    placeholder="A grade-school word problem in English",
                )  # fmt: skip
                with gr.Row():
                    solve = gr.Button("Solve", variant="primary", scale=3, min_width=120)
                    stop = gr.Button("Stop", scale=1, min_width=80)
                with gr.Accordion("Settings", open=False):
                    count = gr.Slider(1, MAX_CANDIDATES, value=candidates, step=1, label="Programs to sample")
                    seed = gr.Number(0, precision=0, minimum=0, maximum=MAX_SEED, label="Seed")
                gr.Examples([[text] for text in examples()], [question], label="Examples", examples_per_page=12)
            with gr.Column(scale=3, min_width=320):
                verdict = gr.HTML(view.note("The answer comes here."), label="Answer")
                program = gr.Code(language="python", label="The program that gives this answer", interactive=False)
                stages = gr.HTML(label="Time")
                table = gr.HTML(view.table([]), label="All programs sampled")
        _connect(service, candidates, [question, count, seed], [verdict, program, table, stages], solve, stop)
    # One request at a time, page and API together: there is one solver, and it is for one thread at a time.
    return blocks.queue(default_concurrency_limit=1, max_size=WAITING)


def _connect(
    service: Service, candidates: int, inputs: list[Any], outputs: list[Any], solve: gr.Button, stop: gr.Button
) -> None:
    question = inputs[0]

    def show(text: str, count: float, seed: float) -> Iterator[Shown]:
        yield from on_page(service, text, count, seed)

    def solve_json(question: str, candidates: int = candidates, seed: int = 0) -> dict[str, Any]:
        """Solve one problem: the JSON object that ``python -m tinygsm_edge.solve --json`` prints."""
        try:
            return service.solve(question, candidates, seed).to_json()
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    shared: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "solver"}
    solving = gr.on([solve.click, question.submit], show, inputs, outputs, api_visibility="private",
                    show_progress="hidden", **shared)  # fmt: skip
    stop.click(lambda: view.note("Stopped."), None, outputs[:1], cancels=[solving], queue=False,
               api_visibility="private")  # fmt: skip
    gr.api(solve_json, api_name="solve", **shared)


def on_page(service: Service, question: str, count: float, seed: float) -> Iterator[Shown]:
    """What the page shows while a question is solved; what a user can mend is shown where the answer would be."""
    drawn: list[Candidate] = []
    try:
        stream = service.stream(question or "", count, seed)  # type: ignore[arg-type]  # checked there
        yield view.progress(0, int(count)), None, view.table([]), ""
        for batch in stream:
            drawn += [item for item in batch if isinstance(item, Candidate)]
            if isinstance(batch[-1], Answer):
                yield _final(batch[-1])
            else:
                yield view.progress(len(drawn), int(count)), None, view.table(drawn), ""
    except UserError as error:
        yield view.message(str(error)), None, view.table([]), ""


def _final(answer: Answer) -> Shown:
    # The likeliest to be right on top; those that were not scored last.
    ranked = sorted(answer.candidates, key=lambda c: (c.score is None, -(c.score or 0.0), -c.logprob, c.index))
    program = None if answer.program is None else printable(answer.program)
    return view.verdict(answer), program, view.table(ranked), view.stages(answer)


def examples() -> Sequence[str]:
    """The questions that come with the package."""
    with resources.as_file(resources.files("tinygsm_edge") / "examples.jsonl") as path:
        return [problem.question for problem in read_problems(path)]


@contextmanager
def serve(blocks: gr.Blocks, host: str, port: int) -> Iterator[str]:
    """Serve the page while the block runs; gives its address.

    Raises:
        UserError: the address cannot be served on.
    """
    try:
        # Written out, because environment variables could otherwise switch them on.
        _, address, _ = blocks.launch(
            server_name=host, server_port=port, share=False, ssr_mode=False, mcp_server=False, pwa=False,
            enable_monitoring=False, inbrowser=False, show_error=False, quiet=True, prevent_thread_lock=True,
            theme=gr.themes.Default(font=_FONT, font_mono=_MONO), css=view.CSS, footer_links=["api"],
        )  # fmt: skip
    except OSError as error:
        raise UserError(f"cannot serve on {host} port {port}: choose another with --port") from error
    try:
        yield address
    finally:
        blocks.close(verbose=False)
