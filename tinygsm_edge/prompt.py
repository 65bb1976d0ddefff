'''How a problem is written down for the models: the format of the TinyGSM paper (arXiv 2312.09241, section 2).

The generator reads :func:`prompt` and writes the body of the function (:func:`completion`); the verifier reads both,
then the line :func:`outcome_line` with the number that the program returned.

    def simple_math_problem() -> float:
        """
        A baker makes 48 rolls in the morning and half as many in the afternoon. How many rolls is that?
        """                                                   <- the prompt ends here, with a newline
        morning_rolls = 48                                    <- the completion starts here
        afternoon_rolls = morning_rolls / 2
        result = morning_rolls + afternoon_rolls
        return result
    # 72                                                      <- seen by the verifier only
'''

import textwrap

from tinygsm_edge.errors import UserError

ENTRY_POINT = "simple_math_problem"
SIGNATURE = f"def {ENTRY_POINT}() -> float:\n"
INDENT = "    "


def clean_question(text: str) -> str:
    """The question as one line that cannot end or escape the docstring it is put in.

    White space is collapsed; control characters go; triple quotes become a typographic quote and a backslash becomes
    a slash, because inside the docstring both would change what the model reads as code.

    Raises:
        UserError: nothing readable is left.
    """
    readable = "".join(c if c.isprintable() or c.isspace() else " " for c in text)
    line = " ".join(readable.split()).replace("\\", "/").replace('"""', "”").replace("'''", "’")
    if not line:
        raise UserError('the question is empty: give a problem in words, like "A bus has 35 people. 9 get off. ..."')
    return line


def prompt(question: str) -> str:
    """What the generator is given: signature, docstring with the cleaned question, newline."""
    return f'{SIGNATURE}{INDENT}"""\n{INDENT}{clean_question(question)}\n{INDENT}"""\n'


def completion(solution: str) -> str:
    """A solution (dedented statements, the last of them ``return result``) as the generator should write it."""
    return textwrap.indent(textwrap.dedent(solution).strip("\n"), INDENT) + "\n"


def function(completion: str) -> str:
    """A completion as a program that runs by itself. The question is left out: only what the model wrote is run."""
    return SIGNATURE + completion


def outcome_line(value: int | float) -> str:
    """The executed result as the verifier reads it, after prompt and completion (LEVER, arXiv 2302.08468)."""
    return f"# {format_number(value)}\n"


def format_number(value: int | float) -> str:
    """A number as a person writes it: ``72``, ``12.5``, ``0.333333``; at most 6 decimals, no exponent below 1e15."""
    if abs(value) >= 1e15:
        return f"{value:.6g}"
    text = f"{round(value, 6):.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
