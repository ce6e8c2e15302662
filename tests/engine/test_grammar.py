"""What can be typed, and what an error points at."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import UsageError
from search.engine.expression import Expression, Phrase, Term
from search.engine.grammar import parse


def test_everything_at_once() -> None:
    assert parse('de "Jean Baptiste" OR maire -feu~ =Paris') == Expression(
        (
            (Term("de", at=0),),
            (Phrase((Term("Jean", at=4), Term("Baptiste", at=9)), at=4), Term("maire", at=22)),
            (Term("Paris", exact=True, at=34),),
        ),
        (Term("feu", loose=True, at=29),),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Saint-Jean", ["Saint-Jean"]),
        ("l'an or 1785.", ["l'an", "or", "1785."]),
        ("a=b a~b", ["a=b", "a~b"]),
        ("«le roi» “le roi”", ["le", "roi", "le", "roi"]),
        ('"maison"', ["maison"]),
        ("日本 ⁊ dñs 🦄", ["日本", "⁊", "dñs", "🦄"]),
        ("\u2003a\u00a0b\n", ["a", "b"]),
    ],
)
def test_words_keep_their_characters(text: str, words: list[str]) -> None:
    assert [term.text for term in parse(text).terms] == words


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("", None, "empty"),
        (' "le roi', 2, "no partner"),
        ('a ""', 4, "no word between"),
        ("a OR", 3, "between two words"),
        ("OR a", 1, "between two words"),
        ("a OR OR b", 6, "between two words"),
        ("a - b", 3, "directly before"),
        ("a =", 3, "directly before"),
        ("~ a", 1, "follows a word"),
        ('a "b -c"', 6, "quotation"),
        ("-a", 2, "leave out"),
        (" ".join("abcdefghijklmnopqrstuvw"), 41, "more than 20"),
        ("a" * 1001, None, "1001 characters"),
    ],
)
def test_an_error_points_at_its_character(text: str, at: int | None, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        parse(text)
    if at is not None:
        first, _, mark = str(caught.value).splitlines()
        assert first.startswith(f"character {at}:")
        assert mark.index("^") == 2 + at - 1


@given(st.one_of(st.text(max_size=60), st.text(alphabet='ab -="~OR“»\t', max_size=30)))
@settings(max_examples=400, deadline=None)
def test_any_unicode_has_a_meaning_or_a_clear_error(text: str) -> None:
    try:
        expression = parse(text)
    except UsageError as error:
        assert str(error)
    else:
        assert expression.all_of and all(term.text.strip() for term in expression.terms)
        assert all(text[term.at + term.exact :].startswith(term.text) for term in expression.terms)
