"""Keep evaluation questions out of training data, by hashes alone: the questions themselves are never needed.

A folder holds three sorted ``uint64`` arrays: ``question.npy`` (whole questions), ``ngram13.npy`` and ``ngram8.npy``
(their word 13-grams and 8-grams). A question is lower-cased, everything but ``a-z`` becomes a space, and what is hashed
is the words joined by single spaces: ``blake2b(digest_size=8)`` read as a little-endian integer. Numbers therefore do
not count, so a resampled variant of an evaluation question is caught too. The 13-gram rule is GPT-3's
(arXiv 2005.14165, appendix C).
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tinygsm_edge.errors import UserError
from tinygsm_edge.files import atomic_path

_LENGTHS = {"ngram13": 13, "ngram8": 8}


class Decontaminator:
    """The hashes of a folder, ready to be asked about questions.

    Raises:
        UserError: a file of the folder is missing or is not a sorted one-dimensional uint64 array.
    """

    def __init__(self, folder: Path) -> None:
        self._questions = _load(Path(folder) / "question.npy")
        self._ngrams = {name: _load(Path(folder) / f"{name}.npy") for name in _LENGTHS}

    def reason(self, question: str) -> str | None:
        """Why a question must not be trained on ("question" or "13-gram"), or None when it may."""
        words = normalized_words(question)
        if _any_hit(self._questions, [_hash(words)]):
            return "question"
        return "13-gram" if _any_hit(self._ngrams["ngram13"], _ngrams(words, 13)) else None

    def eight_gram_hit(self, question: str) -> bool:
        """Whether eight words in a row stand in an evaluation question too: worth reporting, not a reason to drop."""
        return _any_hit(self._ngrams["ngram8"], _ngrams(normalized_words(question), 8))


def build_hashes(questions: Iterable[str], folder: Path) -> None:
    """Write the folder for a set of questions, each file atomically."""
    whole: set[int] = set()
    ngrams: dict[str, set[int]] = {name: set() for name in _LENGTHS}
    for question in questions:
        words = normalized_words(question)
        whole.add(_hash(words))
        for name, length in _LENGTHS.items():
            ngrams[name].update(_ngrams(words, length))
    for name, hashes in {"question": whole, **ngrams}.items():
        with atomic_path(Path(folder) / f"{name}.npy") as temporary, open(temporary, "wb") as out:
            np.save(out, np.array(sorted(hashes), dtype=np.uint64))


def normalized_words(question: str) -> list[str]:
    """The words that are compared: lower case, a to z only."""
    return re.sub(r"[^a-z]", " ", question.lower()).split()


def _hash(words: list[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "little")


def _ngrams(words: list[str], length: int) -> Iterator[int]:
    return (_hash(words[start:start + length]) for start in range(len(words) - length + 1))


def _any_hit(hashes: np.ndarray, wanted: Iterable[int]) -> bool:
    asked = np.fromiter(wanted, dtype=np.uint64)
    places = np.searchsorted(hashes, asked)
    inside = places < len(hashes)
    return bool(np.any(hashes[places[inside]] == asked[inside]))


def _load(path: Path) -> np.ndarray:
    try:
        hashes = np.load(path, allow_pickle=False)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or 'not a .npy file'}; a folder of hashes holds "
                        "question.npy, ngram13.npy and ngram8.npy") from error
    except (ValueError, EOFError) as error:
        raise UserError(f"{path} is not a .npy array: build the folder anew with build_hashes") from error
    if hashes.dtype != np.uint64 or hashes.ndim != 1 or np.any(hashes[1:] < hashes[:-1]):
        raise UserError(f"{path} must be a sorted one-dimensional uint64 array, got {hashes.dtype} {hashes.shape}")
    return hashes
