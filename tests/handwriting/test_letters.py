"""The reading head seen through `fold`."""

import torch

from search.handwriting.classes import LETTERS
from search.handwriting.letters import IMPOSSIBLE, letter_chances, letter_fits, read_letters
from search.handwriting.tokenizer import VOCABULARY, encode


def head(text: str, spaced: bool = True) -> torch.Tensor:
    """Logits of a head that is sure of this text, a blank after each character: float (1, t, VOCABULARY)."""
    ids = [id_ for token in encode(text) for id_ in ((token, 0) if spaced else (token,))]
    logits = torch.full((1, len(ids), VOCABULARY), -8.0)
    logits[0, torch.arange(len(ids)), torch.tensor(ids)] = 8.0
    return logits


def lengths(logits: torch.Tensor) -> torch.Tensor:
    return torch.tensor([logits.shape[1]])


def test_case_marks_and_points_make_no_difference():
    logits = head("Été, 1914.")
    assert read_letters(letter_chances(logits), lengths(logits)) == ["ete1914"]


def test_what_is_written_fits_and_what_is_not_does_not():
    logits = head("Café")
    chances = letter_chances(logits).expand(3, -1, -1)
    right, wrong, long = letter_fits(chances, lengths(logits).expand(3), ["cafe", "cage", "caffeine" * 4]).tolist()
    assert right > -0.1
    assert wrong < -5
    assert long == IMPOSSIBLE


def test_chances_of_a_column_sum_to_one_and_padding_is_not_read():
    logits = torch.randn(2, 5, VOCABULARY)
    chances = letter_chances(logits)
    assert chances.shape == (2, 5, len(LETTERS) + 1)
    assert torch.allclose(chances.exp().sum(dim=2), torch.ones(2, 5), atol=1e-4)
    padded = torch.cat((head("mer"), head("xyz")), dim=1)
    assert read_letters(letter_chances(padded), torch.tensor([6])) == ["mer"]


def test_a_better_fit_can_be_learned():
    logits = torch.zeros(2, 6, VOCABULARY, requires_grad=True)
    fits = letter_fits(letter_chances(logits), torch.tensor([6, 6]), ["on", "much too long"])
    fits[fits > IMPOSSIBLE].sum().neg().backward()
    assert logits.grad is not None
    tokens = [encode("o")[0], encode("O")[0]]
    assert logits.grad[0, :, tokens].sum() < 0
    assert (logits.grad[1] == 0).all(), "what cannot be written there teaches nothing"
