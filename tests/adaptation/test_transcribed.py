"""Transcribed lines are laid beside the words on the page."""

from pathlib import Path

import numpy as np
import pytest
import torch

from infra.errors import UsageError
from search.adaptation.candidates import Seen
from search.adaptation.known import Known
from search.adaptation.told import Told
from search.adaptation.transcribed import ToldLine, align, read_lines
from search.handwriting.letters import letter_chances
from search.handwriting.tokenizer import VOCABULARY, encode


def seen(*texts: str) -> Seen:
    """A head that is fairly sure to read these texts."""
    return Seen(np.zeros((len(texts), 4), np.float32), tuple(map(_chances, texts)), texts)


def _chances(text: str) -> np.ndarray:
    ids = [id_ for token in encode(text) for id_ in (token, 0)]
    logits = torch.full((1, len(ids), VOCABULARY), -2.0)
    logits[0, torch.arange(len(ids)), torch.tensor(ids)] = 6.0
    return letter_chances(logits)[0].numpy().astype(np.float16)


@pytest.mark.parametrize(
    ("read", "text", "paired"),
    [
        (("le", "jour", "de", "grâce"), "le jour de grace", {0: "le", 1: "jour", 2: "de", 3: "grace"}),
        (("le", "jour", "de", "la", "grâce"), "jour grace", {1: "jour", 4: "grace"}),
        (("le", "iour", "grâce"), "le jour de grace", {0: "le", 1: "jour", 2: "grace"}),
        (("xyzuvw",), "jardin", {}),
        ((), "jardin", {}),
    ],
    ids=["all", "too many on the page", "one missed and one misread", "nothing alike", "nothing there"],
)
def test_a_line_finds_its_words(read: tuple[str, ...], text: str, paired: dict[int, str]):
    assert align(seen(*read), range(len(read)), text.split()) == paired


def test_what_is_said_of_a_word_itself_goes_before_its_line():
    known = Known({4: [Told("a", "tour", True)]}, [([3, 4, 5], ["le", "jour", "meme"])])
    assert known.places == {3, 4, 5}
    moved = known.moved({3: 2, 4: 1, 5: 0})
    told = moved.told(seen("meme", "jour", "le"))
    assert {place: [one.text for one in some] for place, some in told.items()} == {2: ["le"], 1: ["tour"], 0: ["meme"]}


def test_lines_are_read_folded(tmp_path: Path):
    path = tmp_path / "lines.csv"
    path.write_text('word_id,text\na,"Le 3 Août, dit-il"\n')
    assert read_lines(path) == (ToldLine("a", ("le", "3", "aout", "ditil")),)
    path.write_text("word_id\na\n")
    with pytest.raises(UsageError, match="word_id and text"):
        read_lines(path)
