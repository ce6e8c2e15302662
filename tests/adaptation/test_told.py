"""What people say of words joins the guesses."""

from pathlib import Path

import numpy as np
import pytest

from infra.errors import UsageError
from search.adaptation.pseudo_labels import Beliefs
from search.adaptation.told import Told, heed, read_told
from search.handwriting.load import load_handwriting_model

WORDS = ("maison", "raison", "saison")


def guesses() -> Beliefs:
    """Three words, each taken for the first string, hardly surer than the second."""
    chances = np.tile(np.array([0.5, 0.3, 0.0], np.float32), (3, 1))
    candidates = np.tile(np.arange(3), (3, 1))
    return Beliefs(WORDS, np.eye(3, 256, dtype=np.float32), candidates, chances, np.ones(3))


def test_what_is_said_is_certain_and_what_is_denied_is_out():
    told = {0: [Told("a", "villebois", True)], 1: [Told("b", "maison", False), Told("b", "saison", False)]}
    heeded = heed(load_handwriting_model()[0], guesses(), told)
    assert [heeded.words[place] for place in heeded.label] == ["villebois", "raison", "maison"]
    assert heeded.confidence.tolist() == pytest.approx([1.0, 0.6, 0.5])
    assert heeded.vectors.shape == (4, 256)
    assert np.linalg.norm(heeded.vectors[3]) == pytest.approx(1.0, abs=1e-3)


def test_labels_are_read_folded(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text("word_id,text,right\na,Été,yes\nb,Été,no\nc,maison,\n")
    assert read_told(path) == (Told("a", "ete", True), Told("b", "ete", False), Told("c", "maison", True))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id,text\na,b\n", "word_id"),
        (b"word_id,text\na,\n", "line 2"),
        (b"word_id,text,right\na,b,yes\nc,d,maybe\n", "line 3"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_labels_that_cannot_be_understood_are_refused(tmp_path: Path, content: bytes, said: str):
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_told(path)
