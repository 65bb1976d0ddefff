"""Asks a teacher model for problems, many calls at a time, and keeps every reply.

Any endpoint that speaks OpenAI's chat protocol will do; retries with backoff are those of the ``openai`` client. Every
reply goes into ``responses.jsonl`` as it comes, so a run that is stopped goes on where it was; ``problems.jsonl`` is
made from the replies at the end. Nothing is filtered here beyond what cannot be read: ``build --teacher`` runs every
program and drops what fails.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tinygsm_edge.errors import UserError
from tinygsm_edge.files import drop_cut_line, read_jsonl
from tinygsm_edge.problems.problem import Problem, write_problems
from tinygsm_edge.problems.teacher.prompts import first_prompt, program_prompt
from tinygsm_edge.problems.teacher.replies import read_pairs, read_program, read_questions, without_last

RESPONSES, PROBLEMS = "responses.jsonl", "problems.jsonl"
_MALFORMED_TRIES = 3  # replies that are no chat completion at all, although the status said 200
_FAILURES_IN_A_ROW = 20
_MOST_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to be asked: ``key`` names it for good, ``text`` is the prompt."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Teacher:
    """Whom to ask and how. Prices are in dollars per million tokens; ``budget`` in dollars, 0 for none."""

    model: str
    base_url: str | None
    api_key: str
    temperature: float = 1.0
    concurrency: int = 8
    timeout: float = 120.0
    retries: int = 6
    price_in: float = 0.0
    price_out: float = 0.0
    budget: float = 0.0

    def cost(self, usage: dict[str, int]) -> float:
        """Dollars for the tokens of one call."""
        return (usage["in"] * self.price_in + usage["out"] * self.price_out) / 1e6


@dataclass(slots=True)
class Tally:
    """How a run went."""

    answered: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float = 0.0
    problems: int = 0
    stopped: str = ""
    reason: str = ""  # why the last call failed
    failures_in_a_row: int = field(default=0, repr=False)


def teach(seeds: Sequence[str], out: Path, teacher: Teacher, mode: str, rounds: int = 1) -> Tally:
    """Ask about every seed question ``rounds`` times; returns how it went, what earlier runs gathered included.

    Raises:
        UserError: ``openai`` is not installed, the folder holds replies to other questions, or the endpoint refuses.
    """
    out.mkdir(parents=True, exist_ok=True)
    log = out / RESPONSES
    if log.exists():
        drop_cut_line(log)
    first = [Request(f"{mode}:{turn}:{at}", first_prompt(mode, seed)) for turn in range(rounds)
             for at, seed in enumerate(seeds)]  # fmt: skip
    replies = _saved(log, {request.key: request.text for request in first})
    tally = Tally()
    for row in replies.values():
        _add(tally, row["usage"], teacher)
    try:
        asyncio.run(_ask_all(first, replies, log, teacher, mode, tally))
    finally:
        problems = list(_problems(first, replies, mode, teacher.model))
        tally.problems = write_problems(out / PROBLEMS, problems)
    return tally


def _saved(log: Path, asked: dict[str, str]) -> dict[str, dict[str, Any]]:
    replies: dict[str, dict[str, Any]] = {}
    for number, row in read_jsonl(log) if log.exists() else ():
        texts = [row.get(name) for name in ("key", "asked", "reply")]
        usage = row.get("usage")
        counted = isinstance(usage, dict) and {type(usage.get("in")), type(usage.get("out"))} == {int}
        if not counted or not all(isinstance(text, str) for text in texts):
            raise UserError(f"{log}:{number}: not a reply of this program")
        if row["key"] in asked and row["asked"] != asked[row["key"]]:
            raise UserError(f"{log}: holds replies to other seed questions; name another --out")
        replies[row["key"]] = row
    return replies


async def _ask_all(
    first: Sequence[Request], replies: dict[str, Any], log: Path, teacher: Teacher, mode: str, tally: Tally
) -> None:
    try:
        from openai import AsyncOpenAI
    except ImportError as error:
        raise UserError("teach needs the openai client: pip install 'tinygsm-edge[data]'") from error
    with open(log, "a", encoding="utf-8") as file:
        async with AsyncOpenAI(
            api_key=teacher.api_key, base_url=teacher.base_url, timeout=teacher.timeout, max_retries=teacher.retries
        ) as client:
            caller = _Caller(client, teacher, replies, file, tally)
            await caller.ask(first, "asking")
            if mode != "similar":
                await caller.ask(list(_follow_ups(first, replies)), "programs")
    if caller.refusal:
        raise caller.refusal


def _follow_ups(first: Sequence[Request], replies: dict[str, Any]) -> Iterator[Request]:
    for request in first:
        reply = replies.get(request.key, {"reply": ""})["reply"]
        for place, question in enumerate(read_questions(reply)):
            yield Request(f"{request.key}:{place}", program_prompt(question))


def _problems(first: Sequence[Request], replies: dict[str, Any], mode: str, model: str) -> Iterator[Problem]:
    for request in first:
        reply = replies.get(request.key, {"reply": ""})["reply"]
        if mode == "similar":
            pairs: list[tuple[str, str | None]] = list(read_pairs(reply))
        else:
            questions = read_questions(reply)
            programs = [replies.get(f"{request.key}:{at}", {"reply": ""})["reply"] for at in range(len(questions))]
            pairs = list(zip(questions, map(read_program, programs), strict=True))
        for place, (question, solution) in enumerate(pairs):
            if solution:
                yield Problem(question, None, solution, "teacher", f"{model}:{request.key}:{place}")


class _Caller:
    """Calls the endpoint, a few requests at a time, and writes down what comes back."""

    def __init__(self, client: Any, teacher: Teacher, replies: dict[str, Any], log: Any, tally: Tally) -> None:
        self.client, self.teacher, self.replies, self.log, self.tally = client, teacher, replies, log, tally
        self.refusal: UserError | None = None

    async def ask(self, requests: Sequence[Request], title: str) -> None:
        """Ask what has no reply yet."""
        waiting = iter([request for request in requests if request.key not in self.replies])
        done = sum(request.key in self.replies for request in requests)
        with tqdm(total=len(requests), initial=done, desc=title, disable=None, leave=False) as progress:
            workers = [self._work(waiting, progress) for _ in range(self.teacher.concurrency)]
            async with asyncio.TaskGroup() as group:
                for worker in workers:
                    group.create_task(worker)

    async def _work(self, waiting: Iterator[Request], progress: Any) -> None:
        for request in waiting:
            if self.teacher.budget and self.tally.dollars >= self.teacher.budget:
                self.tally.stopped = f"the budget of ${self.teacher.budget:.2f} is spent"
            elif self.tally.failures_in_a_row >= _FAILURES_IN_A_ROW:
                self.tally.stopped = f"{_FAILURES_IN_A_ROW} calls in a row failed ({self.tally.reason})"
            if self.tally.stopped:
                return
            await self._call(request)
            progress.update()
            progress.set_postfix_str(f"${self.tally.dollars:.2f}, {self.tally.failed} failed")

    async def _call(self, request: Request) -> None:
        import openai

        for _ in range(_MALFORMED_TRIES):
            try:
                completion = await self.client.chat.completions.create(
                    model=self.teacher.model,
                    messages=[{"role": "user", "content": request.text}],
                    temperature=self.teacher.temperature,
                    max_tokens=_MOST_TOKENS,
                )
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                # The key, the model or the address is wrong: no other request would fare better.
                self.refusal = UserError(f"the endpoint refuses: {_one_line(error)}")
                self.tally.stopped = str(self.refusal)
                break
            except (openai.APIResponseValidationError, ValueError) as error:
                self.tally.reason = _one_line(error)
                continue
            except openai.OpenAIError as error:  # the client has tried again as often as it was told to
                self.tally.reason = _one_line(error.__cause__ or error)
                break
            reply = _content(completion)
            if reply is not None:
                self._keep(request, reply, _usage(completion))
                return
            self.tally.reason = "the reply is no chat completion"
        self.tally.failed += 1
        self.tally.failures_in_a_row += 1

    def _keep(self, request: Request, reply: str, usage: dict[str, int]) -> None:
        row = {"key": request.key, "asked": request.text, "reply": reply, "usage": usage}
        self.log.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.log.flush()
        self.replies[request.key] = row
        self.tally.failures_in_a_row = 0
        _add(self.tally, usage, self.teacher)


def _add(tally: Tally, usage: dict[str, int], teacher: Teacher) -> None:
    tally.answered += 1
    tally.tokens_in += usage["in"]
    tally.tokens_out += usage["out"]
    tally.dollars += teacher.cost(usage)


def _content(completion: Any) -> str | None:
    """The text of a chat completion, without its last block where the model was cut off in it; None for anything that
    is no completion."""
    try:
        content, end = completion.choices[0].message.content, completion.choices[0].finish_reason
    except (AttributeError, IndexError, TypeError):
        return None
    if not isinstance(content, str):
        return None
    return without_last(content) if end == "length" else content


def _usage(completion: Any) -> dict[str, int]:
    usage = getattr(completion, "usage", None)
    counted = {"in": getattr(usage, "prompt_tokens", 0), "out": getattr(usage, "completion_tokens", 0)}
    return {name: count if isinstance(count, int) else 0 for name, count in counted.items()}


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
