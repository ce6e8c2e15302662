"""Sentences around a query for general CLIP models, which were trained on captions, not on spellings.

The vector of a text is the mean of its templates' unit vectors, made unit again: Radford et al., "Learning Transferable
Visual Models From Natural Language Supervision", 2021, section 3.1.4.
"""

from __future__ import annotations

from typing import Literal

PromptSet = Literal["plain", "word", "picture"]

PLAIN: tuple[str, ...] = ("{}",)
"""The text as it is: models trained on spellings."""

WORD: tuple[str, ...] = (
    "{}",
    'the handwritten word "{}"',
    'a photo of the handwritten word "{}"',
    'a scan of the word "{}" in old handwriting',
    'the word "{}" written in ink on paper',
    'a manuscript that says "{}"',
)
"""What a caption of a picture of a word may say."""

PICTURE: tuple[str, ...] = (
    "{}",
    "a photo of {}.",
    "a drawing of {}.",
    "an illustration of {}.",
    "an engraving of {}.",
    "a black and white photo of {}.",
    "a picture of {} on a page of an old book.",
)
"""What a caption of a figure may say, for collections of figures rather than of words."""

TEMPLATES: dict[PromptSet, tuple[str, ...]] = {"plain": PLAIN, "word": WORD, "picture": PICTURE}


def fill(text: str, templates: tuple[str, ...]) -> list[str]:
    """The prompts of one text, in the templates' order; braces in the text are kept."""
    return [template.replace("{}", text) for template in templates]
