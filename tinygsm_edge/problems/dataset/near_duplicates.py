"""Near-duplicates: questions that say the same in nearly the same words, numbers aside.

MinHash over word 5-grams of the question with its numbers masked (the 5-grams of FineWeb, arXiv 2406.17557; MinHash
after Broder, 1997), by the library ``rensa``. Two questions count as near-duplicates when their estimated Jaccard
similarity is 0.9 or more.
"""

import re
from collections.abc import Iterable

from tinygsm_edge.errors import UserError

THRESHOLD = 0.9
_PERMUTATIONS, _BANDS, _SEED, _WORDS = 128, 16, 1, 5
_MASKED = re.compile(
    r"\d[\d,]*(?:\.\d+)?|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred)\b"
)
_TOKEN = re.compile(r"[a-z0]+")


class NearDuplicates:
    """Remembers questions and knows near-duplicates of them again."""

    def __init__(self) -> None:
        try:
            import rensa
        except ImportError as error:
            raise UserError("near-duplicates need rensa: pip install 'tinygsm-edge[data]'") from error
        self._minhash = rensa.RMinHash
        self._seen = rensa.RMinHashDeduplicator(THRESHOLD, _PERMUTATIONS, True, _BANDS, _SEED)
        self._count = 0

    def admits(self, question: str) -> bool:
        """Whether no near-duplicate came before; if so, the question is remembered."""
        sketch = self._minhash(_PERMUTATIONS, _SEED)
        sketch.update(shingles(question))
        self._count += 1
        return bool(self._seen.add(str(self._count), sketch))


def shingles(question: str) -> list[str]:
    """The word 5-grams of a question, lower-cased and with numbers masked; a shorter question is one shingle."""
    words = _TOKEN.findall(_MASKED.sub("0", question.lower()))
    return [" ".join(words[start : start + _WORDS]) for start in range(max(1, len(words) - _WORDS + 1))]


def count_near_duplicates(questions: Iterable[str]) -> int:
    """How many of the questions are near-duplicates of one that came before them."""
    seen = NearDuplicates()
    return sum(not seen.admits(question) for question in questions)
