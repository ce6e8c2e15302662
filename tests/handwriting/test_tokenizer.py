import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.handwriting.alphabet import CHARACTERS, UNKNOWN, characters, fold
from search.handwriting.tokenizer import (
    CONTEXT_LENGTH,
    END_ID,
    UNKNOWN_ID,
    VOCABULARY,
    CharacterTokenizer,
    decode,
    encode,
)

TOKENIZER = CharacterTokenizer()


@given(st.lists(st.text(max_size=80), min_size=1, max_size=4))
def test_any_unicode_becomes_a_row_that_ends_and_then_pads(texts: list[str]) -> None:
    tokens = TOKENIZER(texts)
    assert tokens.shape == (len(texts), CONTEXT_LENGTH)
    for row in tokens.tolist():
        end = row.index(END_ID)
        assert all(0 < id_ < END_ID for id_ in row[:end])
        assert not any(row[end + 1 :])


@given(st.text())
def test_decode_gives_back_the_known_characters(text: str) -> None:
    assert decode(encode(text)) == characters(text)


@given(st.text())
def test_characters_and_fold_are_stable(text: str) -> None:
    assert characters(characters(text)) == characters(text)
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_characters_are_known(text: str) -> None:
    assert set(characters(text)) <= {*CHARACTERS, UNKNOWN}


def test_every_character_has_its_own_id_below_the_end() -> None:
    ids = [encode(character) for character in CHARACTERS if character.strip() and character != "`"]
    assert all(len(id_) == 1 for id_ in ids)
    assert len({id_[0] for id_ in ids}) == len(ids)
    assert max(id_[0] for id_ in ids) < END_ID < VOCABULARY


def test_case_and_diacritics_are_kept_and_composed_forms_are_the_same() -> None:
    assert characters("É") == "E\u0301"
    assert encode("É") == encode("E\u0301") != encode("é")
    assert encode("Été")[1:2] == encode("\u0301")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("ﬁn", "fin"),
        ("漢字", UNKNOWN * 2),
        ("l’an", "l'an"),
        ("a\u00a0b", "a b"),
        ("ʳ", "r"),
        ("ƒ", "f"),
        ("\u200bx\x00", "x"),
    ],
)
def test_unknown_characters_degrade(text: str, known: str) -> None:
    assert characters(text) == known
    assert (UNKNOWN_ID in encode(text)) == (UNKNOWN in known)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("L’Été,", "lete"),
        ("Straße", "strasse"),
        ("ſeigneur¬", "seigneur"),
        ("⁊", ""),
        ("1742.", "1742"),
        ("...", ""),
        ("Иван", "иван"),
    ],
)
def test_fold_is_the_label_of_the_protocol(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_one_string_and_a_shorter_context() -> None:
    assert TOKENIZER("abc", context_length=3).tolist() == [[*encode("ab"), END_ID]]
