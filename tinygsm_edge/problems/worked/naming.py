"""Names for the variables of a program, taken from the words around a number in a question or a worked answer.

:func:`given` and :func:`step` list the names that would suit a number of the question and a step of the answer, the
plainest first; :func:`allot` picks one for each variable so that all differ.
"""

from tinygsm_edge.problems.worked.given_naming import given
from tinygsm_edge.problems.worked.names import Scene, allot, identifier
from tinygsm_edge.problems.worked.step_naming import step

__all__ = ["Scene", "allot", "given", "identifier", "step"]
