"""The words a collection may hold."""

from pathlib import Path

import pytest

from infra.errors import UsageError
from search.adaptation.languages import better_language, guess_languages
from search.adaptation.lexicon import language_lexicon, list_lexicon
from search.adaptation.spelling import Spelling

FRENCH = [word for word in language_lexicon(["fr"], 600).words if len(word) >= 4 and word.isalpha()]


def test_words_are_folded_with_numbers_among_them_and_common_ones_before_rare_ones():
    lexicon = language_lexicon(["fr"], 2000)
    share = dict(zip(lexicon.words, lexicon.log_share, strict=True))
    assert {"ete", "maison", "1785"} <= set(lexicon.words)
    assert share["de"] > share["maison"] > share["1785"]
    assert len(share) == len(lexicon)


def test_words_are_listed_with_what_is_elided_before_them():
    words = set(language_lexicon(["fr"], 2_000).words)
    assert {"leau", "dune", "quil"} <= words
    assert "lmaison" not in words


def test_letters_tell_a_likely_word_from_scribble():
    spelling = Spelling(language_lexicon(["fr"], 5_000))
    assert spelling.log_chance("marchandage") > spelling.log_chance("mrchandagae") > spelling.log_chance("xqzwkjhgfpt")


def test_a_list_of_ones_own(tmp_path: Path):
    path = tmp_path / "names.txt"
    path.write_text("Villebois, Ferté\nvillebois\n")
    assert list_lexicon(path).words == ("villebois", "ferte")


@pytest.mark.parametrize("content", [b"", b" ,;\n", b"\xff\xfe\x00"])
def test_a_list_that_holds_no_words_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "names.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"names\.txt"):
        list_lexicon(path)


def test_a_language_without_a_list_is_refused_with_those_that_have_one():
    with pytest.raises(UsageError, match=r"'la'.*fr.*--words"):
        language_lexicon(["fr", "la"])


def test_the_language_is_told_from_what_can_be_read():
    assert guess_languages(FRENCH)[0] == "fr"
    assert guess_languages(["xqzt", "maison"]) == ()


def test_words_of_another_language_are_noticed():
    assert better_language(FRENCH, frozenset(language_lexicon(["de"], 20_000).words)) == "fr"
    assert better_language(FRENCH, frozenset(language_lexicon(["fr"], 20_000).words)) is None
