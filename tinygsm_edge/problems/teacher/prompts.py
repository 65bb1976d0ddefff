"""What the teacher is asked, in our own words, after the two ways of TinyGSM (arXiv 2312.09241, section 2).

``similar``: one call gives ten problems like a seed question, each with its program. ``variants`` and ``irrelevant``:
one call gives ten questions (the latter with facts that do not matter, in the spirit of GSM-IC), and one more call for
each question gives its program.
"""

MODES = ("similar", "variants", "irrelevant")
PER_CALL = 10

_PROGRAM_RULES = """\
- plain Python statements, no function, no print, no imports;
- every number of the text goes into a variable with a telling name first, then one step a line;
- all arithmetic is left to Python: no results worked out in comments;
- the last line sets `result` to the number that the question asks for, without its unit."""

_SIMILAR = f"""\
Here is a word problem for grade-school children:

{{seed}}

Write {PER_CALL} new problems of the same difficulty. Change people, things, places, numbers and the order of what is \
told, and vary the wording and the chain of reasoning from one to the next. Each needs at least two steps, has exactly \
one answer and holds every fact that is needed. After each problem write a program that solves it:
{_PROGRAM_RULES}

Use exactly this form, {PER_CALL} times, and nothing else:

### Problem
the text
### Program
```python
the program
```"""

_QUESTIONS = f"""\
Here is a word problem for grade-school children:

{{seed}}

Write {PER_CALL} variants of it that are no easier: {{manner}}. Each must be complete in itself, have exactly one \
answer and give no hint how to solve it. Use exactly this form, {PER_CALL} times, and nothing else:

### Problem
the text"""

_MANNERS = {
    "variants": "other people, things and numbers, other wording, and one step more than here",
    "irrelevant": "other people, things and numbers, and in each one or two facts with numbers that have nothing to do "
    "with what is asked",
}

_PROGRAM = f"""\
Solve this word problem with a short Python program:

{{question}}

The program:
{_PROGRAM_RULES}
Facts that have nothing to do with the question are left out. Answer with one block of code and nothing else:

```python
the program
```"""


def first_prompt(mode: str, seed: str) -> str:
    """What is asked about a seed question."""
    return _SIMILAR.format(seed=seed) if mode == "similar" else _QUESTIONS.format(seed=seed, manner=_MANNERS[mode])


def program_prompt(question: str) -> str:
    """What is asked about a question that the teacher wrote."""
    return _PROGRAM.format(question=question)
