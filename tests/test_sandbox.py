"""The sandbox: honest programs give CPython's numbers, hostile ones give an outcome and nothing else."""

import subprocess
import sys
import textwrap
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinygsm_edge.errors import UserError
from tinygsm_edge.prompt import function
from tinygsm_edge.sandbox import OUTCOMES, Sandbox
from tinygsm_edge.sandbox.execution import MAX_MESSAGE, parse_number, plain
from tinygsm_edge.sandbox.gate import is_straight

SIGNATURE = "def simple_math_problem() -> float:\n"
NESTED = "a = [1]\nfor i in range(60):\n    a = [a, a]\n"


def body(text: str) -> str:
    return SIGNATURE + textwrap.indent(textwrap.dedent(text).strip("\n"), "    ") + "\n"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=2) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("rolls = 48\nresult = rolls + rolls / 2\nreturn result", 72.0),
        ("return 7 // 2", 3),
        ("import math\nreturn math.ceil(10 / 4)", 3),
        ("total = 0\nfor day in range(1, 8):\n    total += day\nreturn total", 28),
        ("prices = {'tea': 3, 'cake': 4}\nreturn sum(prices.values())", 7),
        ("from datetime import date\nreturn (date(2024, 3, 1) - date(2024, 2, 1)).days", 29),
        ("def double(x):\n    return 2 * x\nreturn double(21)", 42),
        ("return -0.0", -0.0),
        ("return 2 ** 100", 2**100),
    ],
)
def test_honest_programs(sandbox, source, value):
    execution = sandbox.run(body(source))
    assert (execution.outcome, execution.message) == ("ok", "")
    assert execution.value == value and type(execution.value) is type(value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(-1e6, 1e6) | st.integers(-(10**7), 10**7).map(lambda cents: cents / 200), st.integers(-2, 6))
def test_round_is_cpythons(sandbox, number, digits):
    execution = sandbox.run(body(f"return round({number!r}, {digits})"))
    assert execution.value == round(number, digits)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**1022), 2**1022))
def test_numbers_arrive_exactly(sandbox, number):
    value = sandbox.run(body(f"return {number!r}")).value
    assert value == number and type(value) is type(number)


@pytest.mark.parametrize(
    "returned",
    ["None", "True", "'42'", "[42]", "(42,)", "1j", "float('inf')", "float('nan')", "2 ** 1100", "lambda: 1", "..."],
)
def test_only_finite_numbers_count(sandbox, returned):
    execution = sandbox.run(body(f"return {returned}"))
    assert execution.outcome == "not_a_number" and execution.value is None and execution.message


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        (body("while True:\n    pass"), "timeout"),
        (body("while True:\n    try:\n        while True:\n            pass\n    except:\n        pass"), "timeout"),
        ("while True:\n    pass\n", "timeout"),
        (body("import math\nx = 7 ** 400000\nwhile True:\n    x = math.gcd(x * 3, x * x)"), "timeout"),
        (body("x = []\nwhile True:\n    x.append('a' * 1000)"), "memory_limit"),
        (body("return len('a' * 10 ** 10)"), "memory_limit"),
        (body("return 9 ** 9 ** 9"), "memory_limit"),
        (body("return open('/etc/hostname').read()"), "forbidden"),
        (body("import os\nreturn len(os.listdir('/'))"), "forbidden"),
        (body("import socket\nreturn 1"), "forbidden"),
        (body("import subprocess\nreturn 1"), "forbidden"),
        (body("return len(().__class__.__mro__)"), "forbidden"),
        (body("return '{0.__class__}'.format(5)"), "forbidden"),
        (body("return 1 / 0"), "runtime_error"),
        (body("def again():\n    return again()\nreturn again()"), "runtime_error"),
        (body("raise TimeoutError('time limit exceeded')"), "runtime_error"),
        (body("return total"), "runtime_error"),
        ("x = 1\n", "runtime_error"),
        ("", "runtime_error"),
        ("def simple_math_problem(:\n", "syntax_error"),
        (body("x = 'open"), "syntax_error"),
        (SIGNATURE, "syntax_error"),
        (SIGNATURE + "    return " + "1+" * 20_000 + "1\n", "forbidden"),
        (SIGNATURE + "    return " + "(" * 500 + "1" + ")" * 500 + "\n", "forbidden"),
        (SIGNATURE + "    return " + "-" * 5000 + "1\n", "forbidden"),
        (SIGNATURE + "    return 1\0\n", "forbidden"),
        (SIGNATURE + "    return '\ud800'\n", "forbidden"),
        ("".join(" " * i + f"def f{i}():\n" for i in range(20)) + " " * 20 + "return 1\n", "forbidden"),
    ],
)
def test_hostile_and_broken_programs(sandbox, program, outcome):
    execution = sandbox.run(program)
    assert execution.outcome == outcome and execution.value is None
    assert execution.message and len(execution.message) <= MAX_MESSAGE and execution.message.isprintable()


@pytest.mark.parametrize(
    "program",
    [
        f"{NESTED}{SIGNATURE}    return a\n",
        f"{NESTED}return a\n",
        f"{NESTED}a\n",
        f"{NESTED}_tinygsm_reply = lambda value: value\n{SIGNATURE}    return a\n",
        f"{NESTED}class type:\n    pass\nint = float = type\n{SIGNATURE}    return a\n",
        f"{NESTED}raise ValueError(a)\n",
        f"x = []\nfor i in range(100000):\n    x = [x]\n{SIGNATURE}    return x\nx\n",
    ],
)
def test_a_value_that_would_not_fit_this_process_stays_outside(sandbox, program):
    # Two objects per level, sixty levels: building it here would take all memory, whatever the worker's limits.
    assert sandbox.run(program).outcome in {"not_a_number", "memory_limit", "runtime_error", "timeout"}


def test_a_class_cannot_pose_as_a_number(sandbox):
    source = (
        "class Fake:\n    def __repr__(self):\n        return '42'\n    __float__ = __repr__\n    __int__ = __repr__\n"
    )
    assert sandbox.run(source + body("return Fake()")).outcome == "not_a_number"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_any_text_gives_an_outcome(sandbox, text):
    for program in (text, SIGNATURE + "    " + text, SIGNATURE + f"    raise ValueError({text!r})\n"):
        execution = sandbox.run(program)
        assert execution.outcome in OUTCOMES
        assert execution.message == plain(execution.message)
        assert execution.outcome != "ok" or execution.value is not None


def test_programs_share_nothing(sandbox):
    assert (
        sandbox.run("import math\nmath.pi = 3\nround = None\nLEFT = 5\n" + body("return 1")).outcome != "syntax_error"
    )
    assert sandbox.run(body("return LEFT")).outcome == "runtime_error"
    assert sandbox.run(body("import math\nreturn round(math.pi, 2)")).value == 3.14


def test_a_result_depends_on_the_program_alone(sandbox):
    source = body("import random\nimport time\nreturn random.random() + time.time()")
    assert sandbox.run(source).value == sandbox.run(source).value is not None


def test_prints_and_environment_stay_apart(sandbox, capfd, monkeypatch):
    monkeypatch.setenv("TINYGSM_SECRET", "9753")
    execution = sandbox.run(body("import os\nprint('noise')\nreturn float(os.environ['TINYGSM_SECRET'])"))
    assert execution.outcome in {"forbidden", "runtime_error"} and "9753" not in execution.message
    assert capfd.readouterr() == ("", "")


def test_many_keep_their_order_beside_a_loop(sandbox):
    programs = [body(f"return {n}") for n in range(40)]
    programs[7] = body("while True:\n    pass")
    executions = sandbox.run_many(programs)
    assert executions[7].outcome == "timeout"
    assert [e.value for e in executions] == [None if n == 7 else n for n in range(40)]
    assert all(e.ms > 0 for e in executions)


def test_threads_may_share_a_sandbox(sandbox):
    found: dict[int, object] = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: sandbox.run(body(f"return {n}")).value})) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: n for n in range(8)}


def test_a_worker_that_died_while_idle_costs_nothing():
    psutil = pytest.importorskip("psutil")
    with Sandbox(workers=1) as sandbox:
        assert sandbox.run(body("return 1")).value == 1
        before = psutil.Process().children()
        with Sandbox(workers=1) as another:
            [worker] = set(psutil.Process().children()) - set(before)
            worker.kill()
            worker.wait(10)
            assert another.run(body("return 2")).value == 2


@pytest.mark.parametrize("ending", ["", "sandbox.close()", "raise SystemExit(3)", "os.kill(os.getpid(), 9)"])
def test_no_worker_outlives_its_parent(ending):
    script = f"""
        import os, psutil
        from tinygsm_edge.sandbox import Sandbox
        sandbox = Sandbox(workers=2)
        sandbox.run_many(["def simple_math_problem():\\n    return 1\\n"] * 8)
        print(*[c.pid for c in psutil.Process().children()], flush=True)
        {ending}
    """
    psutil = pytest.importorskip("psutil")
    out = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60)
    workers = [int(pid) for pid in out.stdout.split()]
    assert workers and not out.stderr
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(running(psutil, pid) for pid in workers):
        time.sleep(0.05)
    assert not any(running(psutil, pid) for pid in workers)


def running(psutil, pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_closed_and_misused():
    sandbox = Sandbox(workers=1)
    sandbox.close()
    sandbox.close()
    with pytest.raises(RuntimeError, match="closed"):
        sandbox.run(body("return 1"))
    for wrong in ({"workers": 0}, {"time_limit": 0}, {"memory_limit": -1}):
        with pytest.raises(UserError):
            Sandbox(**wrong)


def test_a_binary_from_the_environment_is_not_taken(monkeypatch, tmp_path):
    impostor = tmp_path / "monty"
    impostor.write_text("#!/bin/sh\nexit 1\n")
    impostor.chmod(0o755)
    monkeypatch.setenv("MONTY_BIN", str(impostor))
    with Sandbox(workers=1) as sandbox:
        assert sandbox.run(body("return 1")).value == 1


@pytest.mark.parametrize("text", ["", "'42'", "True", "nan", "inf", "-inf", "1_000", "0x10", "9" * 400, "1e999", " 1"])
def test_text_that_is_no_number(text):
    assert parse_number(text) is None


STRAIGHT = (
    "    apples = 5\n    half = apples / 2  # a half\n    result = max(half, 1) + sum([apples, 2])\n    return result\n"
)


def test_straight_programs_share_sessions_and_agree_with_single_runs() -> None:
    bodies = [STRAIGHT.replace("5", str(n)) for n in range(2, 80)]
    bodies[40] = "    result = 1 / 0\n    return result\n"
    bodies[50] = "    result = len('four')\n    return result\n"
    with Sandbox(2) as sandbox:
        together = sandbox.run_straight(bodies)
        alone = sandbox.run_many([function(body) for body in bodies])
    assert [(each.outcome, each.value) for each in together] == [(each.outcome, each.value) for each in alone]
    assert together[40].outcome == "runtime_error" and together[50].value == 4


@pytest.mark.parametrize(
    "body",
    [
        "    x = exec(chr(103))\n    return x\n",
        "    x = simple_math_problem_1() + 1\n    return x\n",
        "    x = _tinygsm_reply\n    return x\n",
        "    x = y + 1\n    return x\n",
        "    x = 5\n    x = x.real\n    return x\n",
        "    x = [y for y in [1]]\n    return x\n",
        "    max = 5\n    return max\n",
        "    global x\n    return x\n",
        "    x = 5\r    y = 6\n    return x\n",
        "    x = '5'\n    return x\n",
        "    x = 5\n    return y\n",
        "    x = lambda\n    return x\n",
        "    return 5\ndef f():\n    return 6\n",
        "    x = " + "(" * 99 + "5" + ")" * 99 + "\n    return x\n",
    ],
)
def test_what_could_reach_a_neighbor_is_not_straight(body: str) -> None:
    assert is_straight(STRAIGHT) and not is_straight(body)


def test_a_hostile_neighbor_changes_nothing() -> None:
    hostile = (
        "    code = chr(103) + chr(108)\n    x = exec(code)\n    result = 5\n    return result\n",
        "    result = 9 ** 9 ** 9\n    return result\n",
    )
    bodies = [STRAIGHT, hostile[0], STRAIGHT, hostile[1], STRAIGHT]
    with Sandbox(1) as sandbox:
        values = [execution.value for execution in sandbox.run_straight(bodies)]
    assert values[0] == values[2] == values[4] == 9.5
