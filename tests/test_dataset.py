"""Training sets: filters drop what they say, the same plan gives the same bytes, nothing is lost or half-written."""

import json
import random
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("yaml")
pytest.importorskip("rensa")

from test_template import GOOD

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.compare import distances, divergence
from tinygsm_edge.problems.dataset.build import BUILDING, build, card_of
from tinygsm_edge.problems.dataset.census import Census, answer_kind, distinct_ngrams
from tinygsm_edge.problems.dataset.filters import answer_fault, length_fault, unused_numbers
from tinygsm_edge.problems.dataset.near_duplicates import NearDuplicates, count_near_duplicates
from tinygsm_edge.problems.dataset.plan import Plan, parse_mix
from tinygsm_edge.problems.dataset.runners import local_runner, ray_runner
from tinygsm_edge.problems.dataset.units import Part, Unit, template_units
from tinygsm_edge.problems.dataset.worker import Settings
from tinygsm_edge.problems.problem import Problem, read_problems, write_problems
from tinygsm_edge.problems.shape import steps, structure
from tinygsm_edge.problems.tinygsm import read_tinygsm

CRATES = "result = crates * each\nreturn result"
REAL = [
    Problem(
        f"{name} packs {3 + k} crates with {11 + k} {noun} in each crate. How many {noun} does {name} pack altogether?",
        (3 + k) * (11 + k), f"crates = {3 + k}\neach = {11 + k}\n{CRATES}", id=f"p{k}",
    )
    for k, (name, noun) in enumerate([("Ann", "pears"), ("Bo", "jars"), ("Cy", "plums")])
]  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "tests.yaml").write_text(GOOD)
    return folder


def plan(library: Path, size: int = 80, **changes: object) -> Plan:
    return Plan(**{"size": size, "seed": 4, "real": REAL, "library": library, "shard_rows": 30, **changes})  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_set_has_its_size_its_mix_and_a_true_card(library: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    mix = {"real": 0.1, "resampled": 0.3, "template": 0.2, "composed": 0.4}
    built = build(plan(library, mix=mix, validation=REAL[:1]), out, local_runner(1))
    problems = read_problems(out)
    card = card_of(out)
    assert len(problems) == 80 == card["problems"] == built.rows.total()
    assert built.fates["real", "validation"] == 1 and built.rows == {
        "real": 8, "resampled": 24, "template": 16, "composed": 32
    }  # fmt: skip
    assert card["sources"] == dict(built.rows.most_common())
    assert not any("pears" in problem.question for problem in problems if problem.source != "template")
    assert sum(card["steps"].values()) == sum(card["answers"].values()) == 80
    assert sum(entry["rows"] for entry in card["files"]) == 80 and len(card["files"]) == 3
    assert len({p.question for p in problems if p.source != "real"}) == 72
    readme = (out / "README.md").read_text()
    assert card["files"][0]["sha256"] in readme and "MIT" in readme and not (out / BUILDING).exists()
    assert "80 rows" in built.table()


def test_the_same_plan_gives_the_same_bytes_however_many_work(library: Path, tmp_path: Path) -> None:
    build(plan(library), tmp_path / "one", local_runner(1))
    build(plan(library), tmp_path / "two", local_runner(2))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    build(plan(library, seed=5), tmp_path / "other", local_runner(1))
    assert not set(contents(tmp_path / "one").values()) & set(contents(tmp_path / "other").values())


def test_a_ray_cluster_of_two_workers_gives_the_same_bytes(library: Path, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, include_dashboard=False)
        build(plan(library), tmp_path / "ray", ray_runner(cluster.address))
    finally:
        ray.shutdown()
        cluster.shutdown()
    build(plan(library), tmp_path / "local", local_runner(1))
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_an_interrupted_build_goes_on_where_it_was(library: Path, tmp_path: Path) -> None:
    made: list[str] = []

    def stopping(after: int | None) -> object:
        def run(units: Iterable[Unit], settings: Settings) -> Iterator[Part]:
            def counted() -> Iterator[Unit]:
                for unit in units:
                    if after is not None and len(made) >= after:
                        raise KeyboardInterrupt
                    made.append(unit.key)
                    yield unit

            yield from local_runner(1)(counted(), settings)

        return run

    out = tmp_path / "set"
    with pytest.raises(KeyboardInterrupt):
        build(plan(library), out, stopping(3))  # type: ignore[arg-type]
    before = list(made)
    with pytest.raises(UserError, match="another plan"):
        build(plan(library, seed=9), out, local_runner(1))
    build(plan(library), out, stopping(None))  # type: ignore[arg-type]
    assert len(made) == len(set(made)) > len(before)
    build(plan(library), tmp_path / "whole", local_runner(1))
    assert contents(out) == contents(tmp_path / "whole")


def test_a_killed_build_leaves_no_worker_and_goes_on(library: Path, tmp_path: Path) -> None:
    import psutil

    wanted = plan(library, size=6000, mix={"composed": 1.0}, real=(), shard_rows=10_000)
    script = tmp_path / "run.py"
    script.write_text(
        "from pathlib import Path\n"
        "from tinygsm_edge.problems.dataset.build import build\n"
        "from tinygsm_edge.problems.dataset.plan import Plan\n"
        "from tinygsm_edge.problems.dataset.runners import local_runner\n"
        "if __name__ == '__main__':\n"
        f"    plan = Plan(6000, 4, {{'composed': 1.0}}, library=Path({str(library)!r}), shard_rows=10_000)\n"
        f"    build(plan, Path({str(tmp_path / 'set')!r}), local_runner(2))\n"
    )
    process = psutil.Popen([sys.executable, str(script)])
    units = tmp_path / "set" / BUILDING / "units"
    deadline = time.monotonic() + 60
    while not (units.exists() and list(units.glob("composed-*.json"))):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    workers = process.children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == [] and not (tmp_path / "set" / "card.json").exists()
    made = {path.name: path.stat().st_mtime_ns for path in units.glob("composed-*.json")}
    assert made and all(json.loads((units / name).read_text())["rows"] for name in made)
    build(wanted, tmp_path / "set", local_runner(1))
    build(wanted, tmp_path / "whole", local_runner(1))
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")


def test_two_builds_do_not_share_a_folder(library: Path, tmp_path: Path) -> None:
    def interrupting(units: Iterable[Unit], settings: Settings) -> Iterator[Part]:
        with pytest.raises(UserError, match="another build"):
            build(plan(library), tmp_path / "set", local_runner(1))
        yield from local_runner(1)(units, settings)

    build(plan(library), tmp_path / "set", interrupting)
    assert len(read_problems(tmp_path / "set")) == 80


def test_small_sets_draw_on_all_situations_alike() -> None:
    names = [f"t{n:03}" for n in range(500)]
    units = list(template_units(names, 40, random.Random(1)))
    assert len(units) == 40 == sum(unit.wanted for unit in units)
    assert len({unit.name for unit in units} & set(names[250:])) > 10
    more = list(template_units(names, 1203, random.Random(1)))
    assert sum(unit.wanted for unit in more) == 1203 and {unit.wanted for unit in more} == {2, 3}


def test_a_finished_set_is_replaced_on_demand_only(library: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    build(plan(library, size=20), out, local_runner(1))
    with pytest.raises(UserError, match="--force"):
        build(plan(library, size=10), out, local_runner(1))
    assert len(read_problems(out)) == 20
    build(plan(library, size=10, shard_rows=100), out, local_runner(1), force=True)
    assert len(read_problems(out)) == 10 and len(list(out.glob("*.zst"))) == 1


def test_near_duplicates_stay_on_demand(library: Path, tmp_path: Path) -> None:
    mix, place = {"template": 1.0}, library / "tests.yaml"
    place.write_text(
        "situation: tests\ntemplates:\n- id: test_rolls\n  slots: {a: 10..99, b: 10..99}\n  wordings:\n"
        "  - A baker makes {a} rolls in the morning and {b} rolls at noon. How many rolls is that?\n"
        "  - How many rolls are there, if {a} are made in the morning and {b} more at noon?\n"
        "  - In the morning {a} rolls are made, at noon {b} rolls. What is the sum?\n"
        "  program: |\n    morning = {a}\n    noon = {b}\n    result = morning + noon\n"
    )
    few = build(plan(library, size=300, mix=mix), tmp_path / "few", local_runner(1))
    many = build(plan(library, size=300, mix=mix, keep_alike=True), tmp_path / "many", local_runner(1))
    assert few.fates["template", "near-duplicate"] > 0 == many.fates["template", "near-duplicate"]
    assert few.rows.total() < many.rows.total() == 300
    assert "no more" in few.table() and "no more" not in many.table()


def test_wrong_broken_and_refused_solutions_fall_with_their_reason(library: Path, tmp_path: Path) -> None:
    rows = [
        REAL[0],
        replace(REAL[1], answer=7),
        replace(REAL[2], solution="crates = 5\nresult = crates / 0\nreturn result"),
        replace(REAL[2], question="So: " + REAL[2].question, solution="result = len(open('x').read())\nreturn result"),
        replace(REAL[0], question="How many is 9?"),
        replace(REAL[0], question="Count the pears in the basket on the table. How many are there?"),
        replace(REAL[0], solution=None),
    ]
    built = build(plan(library, size=1, mix={"tinygsm": 1}, tinygsm=rows), tmp_path / "set", local_runner(1))
    fates = {fate: count for (_, fate), count in built.fates.items() if count}
    assert fates == {"drawn": 7, "unsolved": 1, "length": 2, "wrong": 1, "failed": 1, "refused": 1, "kept": 1}
    with pytest.raises(UserError, match=r"not one row can be used.*1 wrong"):
        build(plan(library, size=1, mix={"tinygsm": 1}, tinygsm=rows[1:]), tmp_path / "none", local_runner(1))
    with pytest.raises(UserError, match="there are no problems"):
        build(plan(library, size=1, mix={"tinygsm": 1}, tinygsm=[]), tmp_path / "empty", local_runner(1))
    assert not (tmp_path / "empty").exists()


def test_a_row_without_answer_gets_that_of_its_solution(library: Path, tmp_path: Path) -> None:
    rows = [replace(problem, answer=None) for problem in REAL]
    write_problems(tmp_path / "rows.jsonl", rows)
    stream = read_tinygsm(str(tmp_path / "rows.jsonl"))
    build(plan(library, size=3, mix={"tinygsm": 1}, tinygsm=stream), tmp_path / "set", local_runner(1))
    assert sorted(p.answer or 0 for p in read_problems(tmp_path / "set")) == [33, 48, 65]


def test_parquet_is_read_through_datasets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    code = "def simple_math_problem() -> int:\n    '''Q'''\n    result = 3 * 11\n    return result\n"
    rows = datasets.Dataset.from_list([{"question": REAL[0].question, "code": code}, {"question": "", "code": ""}])
    rows.to_parquet(str(tmp_path / "rows.parquet"))
    problem, unreadable = read_tinygsm(str(tmp_path / "rows.parquet"))
    assert unreadable.solution is None
    assert problem.solution == "result = 3 * 11\nreturn result" and problem.answer is None
    with pytest.raises(UserError, match="no such file"):
        read_tinygsm(str(tmp_path / "missing.jsonl"))


def test_a_named_file_of_questions_is_kept_out(library: Path, tmp_path: Path) -> None:
    held = write_problems(tmp_path / "held.jsonl", [replace(REAL[1], question=REAL[1].question.replace("4", "90"))])
    assert held == 1
    built = build(
        plan(library, size=2, mix={"real": 1}, decontaminate=tmp_path / "held.jsonl"), tmp_path / "set", local_runner(1)
    )
    assert built.fates["real", "evaluation"] == 1
    assert {problem.id for problem in read_problems(tmp_path / "set")} == {"p0", "p2"}


@pytest.mark.parametrize(
    ("question", "unused"),
    [
        ("Ann has 5 jars with 12 plums each. How many plums?", []),
        ("Ann, who is 31, has 5 jars with 12 plums each. How many plums?", [31]),
        ("Two friends have five jars with 12 plums each. How many plums?", []),
        ("Ann has 5 jars with 12 plums each and twenty spoons. How many plums?", [20]),
        ("Ann has 5 jars with 12 plums each, and a 7-day week. 50% of 5 is not asked.", [50]),
    ],
)
def test_numbers_that_nothing_uses_are_found(question: str, unused: list[int]) -> None:
    problem = Problem(question, 60, "jars = 5\neach = 12 # not 31\nresult = jars * each\nreturn result")
    found = unused_numbers(problem)
    assert [number for number in found if number != 7] == unused
    assert unused_numbers(replace(problem, distractors=tuple(map(int, found)))) == ()


def test_lengths_and_answers_have_bounds() -> None:
    assert all(map(length_fault, ("5 and 6?", "word " * 300 + "5", "how many are there in it now?")))
    assert not length_fault("Ann has five jars with plums. How many?")
    assert answer_fault(-1, authored=True) and answer_fault(2e9, authored=False)
    assert not answer_fault(-1, authored=False)


def test_near_duplicates_are_known_whatever_their_numbers() -> None:
    near, text = NearDuplicates(), "The baker makes {} rolls in the morning and {} rolls at noon. How many is that?"
    assert near.admits(text.format(5, 6))
    assert not near.admits(text.format(70, "twelve"))
    assert near.admits(text.format(5, 6).replace("baker", "cook").replace("rolls", "buns"))
    rng = random.Random(0)
    words = ["".join(letters) for letters in product("abcdefgh", repeat=3)]
    others = [" ".join(rng.sample(words, 30)) for _ in range(300)]
    assert count_near_duplicates(others) == 0 and count_near_duplicates(others * 2) == 300


def test_shapes_forget_names_and_numbers_only() -> None:
    first = "apples = 5\n# what is eaten\neaten = 2.5\nresult = apples - eaten\nreturn result"
    assert structure(first) == structure("x = 90\ny = 1\nresult = x - y  # left\nreturn result")
    others = (first.replace("-", "+"), first.replace("apples -", "apples - 3 -"))
    assert len({structure(text) for text in (first, *others)}) == 3
    assert (steps(first), steps("result = max(3, 4) * 2 / 5\nreturn result")) == (1, 3)
    assert steps("result = = 3") == 0


def test_a_census_counts_what_is_there() -> None:
    problems = [*REAL, replace(REAL[0], answer=2.5, distractors=(9,), source="template", situation="x")]
    counts = Census().add_all(problems).to_json()
    assert counts["answers"] == {"whole": 3, "cents": 1} and counts["with_distractors"] == 1
    assert counts["situations"] == {"other": 3, "x": 1} and counts["structures"] == 1
    assert counts["sample"]["near_duplicates"] == 1
    assert [answer_kind(answer) for answer in (3, 2.25, 1 / 3, None)] == ["whole", "cents", "decimal", "none"]
    assert distinct_ngrams(["a b a b"])["2"] == {"all": 3, "distinct": 2}


def test_divergence_is_0_for_equals_and_1_for_strangers() -> None:
    assert divergence({"a": 2, "b": 2}, {"a": 5, "b": 5}) == 0
    assert divergence({"a": 2}, {"b": 9}) == pytest.approx(1)
    assert distances(REAL, REAL) == {
        "unigrams": 0, "steps": 0, "structures": 0, "lengths": 0, "unigrams_covered": 1, "structures_covered": 1
    }  # fmt: skip


@pytest.mark.parametrize("text", ["real", "real=x", "fake=1", "real=-1", "template=nan", "template=inf", ""])
def test_bad_mixes_are_named(text: str) -> None:
    with pytest.raises(UserError, match="--mix"):
        parse_mix(text)


def test_a_source_without_its_file_is_named(library: Path, tmp_path: Path) -> None:
    for name, option in (("real", "--gsm8k"), ("teacher", "--teacher"), ("mathcamps", "--mathcamps")):
        with pytest.raises(UserError, match=option):
            build(plan(library, real=(), mix={name: 1.0}), tmp_path / "set", local_runner(1))
    assert not (tmp_path / "set").exists()


def test_a_damaged_shard_is_named(library: Path, tmp_path: Path) -> None:
    build(plan(library, size=10), tmp_path / "set", local_runner(1))
    shard = next((tmp_path / "set").glob("*.zst"))
    shard.write_bytes(b"nonsense")
    with pytest.raises(UserError, match=r"problems-00000.*zstandard"):
        read_problems(tmp_path / "set")
    shard.unlink()
    with pytest.raises(UserError, match="no shards"):
        read_problems(tmp_path / "set")
