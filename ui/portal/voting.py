"""Marking a hit right or wrong: it refines the question, and where that is one word it is kept as a label.

Labels are learned from when the model is adapted to the collection; only who manages collections gives them.
"""

from __future__ import annotations

from infra.errors import UsageError
from ingest.catalogue.labels import Labels
from search.engine.grammar import parse
from search.handwriting.alphabet import fold
from ui.portal.asked import Asked
from ui.portal.reader import current_reader
from ui.portal.runtime import portal


def voted(question: Asked, page: str, word: str, vote: int) -> Asked:
    """The question with a word of the page of that id marked right (1), wrong (-1), or no longer marked (0)."""
    text = sole_word(question.text)
    if text and current_reader().viewer.manager:
        labels = Labels(portal().catalogue)
        if vote:
            labels.say(page, word, text, right=vote > 0)
        else:
            labels.unsay(word, text)
    return question.with_vote(word, vote)


def sole_word(text: str) -> str:
    """The folded word a query asks for, where it asks for one and for nothing else; empty otherwise."""
    try:
        terms = parse(text).terms
    except UsageError:
        return ""
    return fold(terms[0].text) if len(terms) == 1 and not terms[0].loose else ""
