"""Decontamination: hash rule, hits, and folders that are refused."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygsm_edge.errors import UserError
from tinygsm_edge.problems.decontaminate import Decontaminator, build_hashes, normalized_words

HELD_OUT = [
    "A gardener plants 12 rows of tulips with 15 bulbs in each row and then adds 30 more bulbs by the pond. How many?",
    "Short one: 3 and 4?",
]


@pytest.fixture
def decontaminator(tmp_path: Path) -> Decontaminator:
    build_hashes(HELD_OUT, tmp_path)
    return Decontaminator(tmp_path)


def test_files_hold_sorted_little_endian_blake2b(tmp_path: Path) -> None:
    build_hashes(HELD_OUT, tmp_path)
    whole = np.load(tmp_path / "question.npy")
    texts = [" ".join(normalized_words(question)).encode() for question in HELD_OUT]
    expected = [int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") for text in texts]
    assert whole.dtype == np.uint64
    assert whole.tolist() == sorted(expected)
    words = len(normalized_words(HELD_OUT[0]))
    assert len(np.load(tmp_path / "ngram13.npy")) == words - 12
    assert len(np.load(tmp_path / "ngram8.npy")) == words - 7


def test_a_question_is_known_again_whatever_its_numbers_and_marks(decontaminator: Decontaminator) -> None:
    assert decontaminator.reason(HELD_OUT[0]) == "question"
    assert decontaminator.reason(HELD_OUT[0].replace("12", "40").upper().replace(".", " !")) == "question"
    assert decontaminator.reason("short ONE 99 and") == "question"


def test_thirteen_words_in_a_row_are_a_reason_and_eight_are_reported(decontaminator: Decontaminator) -> None:
    words = normalized_words(HELD_OUT[0])
    for length, reason, eight in ((13, "13-gram", True), (12, None, True), (8, None, True), (7, None, False)):
        text = "Yesterday " + " ".join(words[2:2 + length]) + " zebra."
        assert decontaminator.reason(text) == reason
        assert decontaminator.eight_gram_hit(text) is eight


def test_other_questions_pass(decontaminator: Decontaminator) -> None:
    for text in ("", "7", "A baker sells 20 rolls in the morning and 35 rolls in the evening. How many rolls is that?"):
        assert decontaminator.reason(text) is None
        assert not decontaminator.eight_gram_hit(text)


@given(st.lists(st.text("ab c,9", max_size=60), max_size=5), st.text("ab c,9", max_size=60))
def test_hits_are_shared_word_runs(tmp_path_factory: pytest.TempPathFactory, held: list[str], asked: str) -> None:
    def runs(text: str, length: int) -> set[tuple[str, ...]]:
        words = normalized_words(text)
        return {tuple(words[i:i + length]) for i in range(len(words) - length + 1)}

    folder = tmp_path_factory.mktemp("hashes")
    build_hashes(held, folder)
    found = Decontaminator(folder)
    assert (found.reason(asked) == "question") == (normalized_words(asked) in map(normalized_words, held))
    assert (found.reason(asked) is not None) == (normalized_words(asked) in map(normalized_words, held)
                                                 or any(runs(asked, 13) & runs(text, 13) for text in held))
    assert found.eight_gram_hit(asked) == any(runs(asked, 8) & runs(text, 8) for text in held)


@pytest.mark.parametrize("content", [b"", b"not an array", None])
def test_a_broken_or_missing_file_is_one_clear_line(tmp_path: Path, content: bytes | None) -> None:
    build_hashes(HELD_OUT, tmp_path)
    broken = tmp_path / "ngram8.npy"
    broken.unlink()
    if content is not None:
        broken.write_bytes(content)
    with pytest.raises(UserError, match=r"ngram8\.npy") as caught:
        Decontaminator(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_array_of_another_kind_is_refused(tmp_path: Path) -> None:
    for wrong in (np.array([2, 1], np.uint64), np.array([1.5]), np.zeros((2, 2), np.uint64)):
        build_hashes(HELD_OUT, tmp_path)
        np.save(tmp_path / "question.npy", wrong)
        with pytest.raises(UserError, match="sorted"):
            Decontaminator(tmp_path)
