"""Keep evaluation questions out of training data, by hashes alone: the questions themselves are never needed.

A folder holds three sorted ``uint64`` arrays: ``question.npy`` (whole questions), ``ngram13.npy`` and ``ngram8.npy``
(their word 13-grams and 8-grams). A question is lower-cased, everything but ``a-z`` becomes a space, and what is hashed
is the words joined by single spaces: ``blake2b(digest_size=8)`` read as a little-endian integer. Numbers therefore do
not count, so a resampled variant of an evaluation question is caught too. The 13-gram rule is GPT-3's
(arXiv 2005.14165, appendix C).
"""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
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
        hashes = _hashes(question)
        if _any_hit(self._questions, hashes["question"]):
            return "question"
        return "13-gram" if _any_hit(self._ngrams["ngram13"], hashes["ngram13"]) else None

    def eight_gram_hit(self, question: str) -> bool:
        """Whether eight words in a row stand in an evaluation question too: worth reporting, not a reason to drop."""
        return _any_hit(self._ngrams["ngram8"], _hashes(question)["ngram8"])


def build_hashes(questions: Iterable[str], folder: Path) -> None:
    """Write the folder for a set of questions, each file atomically."""
    hashed = [_hashes(question) for question in questions]
    for name in ("question", *_LENGTHS):
        found = [hashes[name] for hashes in hashed]
        with atomic_path(Path(folder) / f"{name}.npy") as temporary, open(temporary, "wb") as out:
            np.save(out, np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64))


def normalized_words(question: str) -> list[str]:
    """The words that are compared: lower case, a to z only."""
    return re.sub(r"[^a-z]", " ", question.lower()).split()


# The same question is asked about several sets of hashes in turn.
@lru_cache(maxsize=1024)
def _hashes(question: str) -> dict[str, np.ndarray]:
    """The hashes of a question: of all its words, and of its n-grams."""
    words = normalized_words(question)
    text = " ".join(words).encode()
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word) + 1)
    grams = {
        name: [text[starts[at] : starts[at + length] - 1] for at in range(len(words) - length + 1)]
        for name, length in _LENGTHS.items()
    }
    return {name: _hashed(texts) for name, texts in {"question": [text], **grams}.items()}


def _hashed(texts: list[bytes]) -> np.ndarray:
    digests = b"".join([hashlib.blake2b(text, digest_size=8).digest() for text in texts])
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _any_hit(hashes: np.ndarray, asked: np.ndarray) -> bool:
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
