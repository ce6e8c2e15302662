"""Phrases and pairs of words on pages with known text."""

import pytest

from search.evaluation.page_xml import TruthLine, TruthPage
from search.evaluation.pages_compound import MOST_QUERIES, pair_precisions, phrase_precisions, phrases, word_pairs
from search.evaluation.pages_rankings import FoundWord


def page(*lines: str) -> TruthPage:
    outlines = [((0, 20 * i), (100, 20 * i), (100, 20 * i + 10), (0, 20 * i + 10)) for i in range(len(lines))]
    return TruthPage("", 100, 1000, tuple(TruthLine(o, (), text, ()) for o, text in zip(outlines, lines, strict=True)))


TRUTH = {"a": page("Maison rouge, de Jean", "maison ROUGE"), "b": page("rouge maison", "jean dort")}


def test_phrases_are_neighbours_of_a_line() -> None:
    assert phrases(TRUTH) == {
        '"maison rouge"': {("a", 0), ("a", 1)}, '"rouge maison"': {("b", 0)}, '"jean dort"': {("b", 1)},
    }  # fmt: skip


def test_pairs_count_for_every_page_that_holds_both() -> None:
    pairs = word_pairs(TRUTH)
    assert pairs
    for query, places in pairs.items():
        words = set(query.split())
        held = {"a": {"maison", "rouge", "jean"}, "b": {"maison", "rouge", "jean", "dort"}}
        assert places == {(name, 0) for name, own in held.items() if words <= own}


def test_precisions_of_what_is_found() -> None:
    def region(line: int):
        return TRUTH["a"].lines[line].region

    def ask(query: str) -> list[FoundWord]:
        found = {
            '"maison rouge"': [FoundWord("a", region(1), 0.9), FoundWord("b", region(0), 0.5)],
            '"rouge maison"': [FoundWord("b", region(0), 0.2)],
        }
        return found.get(query, [])

    assert dict(zip(phrases(TRUTH), phrase_precisions(TRUTH, ask), strict=True)) == {
        '"maison rouge"': pytest.approx(0.5), '"rouge maison"': 1.0, '"jean dort"': 0.0,
    }  # fmt: skip
    everywhere = [FoundWord("a", region(0), 0.9), FoundWord("b", region(0), 0.8)]
    for precision, places in zip(pair_precisions(TRUTH, lambda _: everywhere), word_pairs(TRUTH).values(), strict=True):
        assert precision == pytest.approx(1.0 if ("a", 0) in places else 0.5)


def test_no_more_than_a_bounded_number_is_asked() -> None:
    words = [f"{a}{b}{c}" for a in "abcdefghij" for b in "abcdefghij" for c in "abcdefghij"]
    truth = {"p": page(*(" ".join(words[i : i + 10]) for i in range(0, 1000, 10)))}
    assert len(phrases(truth)) == len(word_pairs(truth)) == MOST_QUERIES
