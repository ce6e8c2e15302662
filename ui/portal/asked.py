"""What a reader asked, as the address of the page carries it: a link to it brings back the same question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from ingest.geometry import Region

PAGE_SIZES = (24, 60, 120)
MOST_EXAMPLES = 20

Default = TypeVar("Default", int, None)


@dataclass(frozen=True, slots=True)
class PlaceOnPage:
    """A box a reader drew."""

    page: str
    """Page id."""
    region: Region
    """Canvas pixels."""

    def to_text(self) -> str:
        """`page@x,y,w,h`."""
        return f"{self.page}@{self.region.xywh}"

    @classmethod
    def parse(cls, text: str) -> PlaceOnPage:
        """The inverse; ValueError for anything else."""
        page, mark, xywh = text.partition("@")
        if not (page and mark):
            raise ValueError(f"not page@x,y,w,h: {text!r}")
        return cls(page, Region.parse(xywh))


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with its filters and the way to show its answer. Hashable, so that answers can be remembered."""

    text: str = ""
    places: tuple[PlaceOnPage, ...] = ()
    """Boxes on pages to find more of."""
    liked: tuple[str, ...] = ()
    """Ids of words that are what is looked for: from "more like this" and from votes."""
    disliked: tuple[str, ...] = ()
    crop: str = ""
    """Digest of an uploaded picture; the picture itself stays with the session."""
    collections: tuple[str, ...] = ()
    """Names; empty: all that are visible."""
    first_page: int | None = None
    last_page: int | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    """Document metadata that must be equal: key, value."""
    least: int = 25
    """Least confidence, percent."""
    group: Literal["none", "page"] = "none"
    order: Literal["best", "place"] = "best"
    part: int = 1
    """Which page of results, from 1."""
    size: int = PAGE_SIZES[1]
    """Results on one page."""

    @property
    def is_empty(self) -> bool:
        """Nothing was asked."""
        return not (self.text.strip() or self.places or self.liked or self.crop)

    def about(self, text: str) -> Asked:
        """The same filters for a word alone, without examples."""
        return replace(self, text=text, places=(), crop="", liked=(), disliked=(), part=1)

    def by_example(self, *, word: str = "", place: PlaceOnPage | None = None, crop: str = "") -> Asked:
        """A question by one example alone, in the same collections: a word's id, a box, or a picture's digest."""
        return Asked(
            liked=(word,) if word else (), places=(place,) if place else (), crop=crop,
            collections=self.collections, least=self.least,
        )  # fmt: skip

    def with_vote(self, word: str, vote: int) -> Asked:
        """The question with a word marked right (1), wrong (-1), or no longer marked (0)."""
        liked = tuple(known for known in self.liked if known != word) + ((word,) if vote > 0 else ())
        disliked = tuple(known for known in self.disliked if known != word) + ((word,) if vote < 0 else ())
        return replace(self, liked=liked[-MOST_EXAMPLES:], disliked=disliked[-MOST_EXAMPLES:], part=1)

    def vote_of(self, word: str) -> int:
        """How that word is marked: 1, -1 or 0."""
        return 1 if word in self.liked else -1 if word in self.disliked else 0

    def to_params(self) -> dict[str, str | list[str]]:
        """Query parameters; what has its default is left out."""
        plain = Asked()
        single = {
            "q": (self.text, ""),
            "crop": (self.crop, ""),
            "from": (_number(self.first_page), ""),
            "to": (_number(self.last_page), ""),
            "min": (str(self.least), str(plain.least)),
            "group": (self.group, plain.group),
            "order": (self.order, plain.order),
            "part": (str(self.part), "1"),
            "size": (str(self.size), str(plain.size)),
        }
        several = {
            "like": [place.to_text() for place in self.places],
            "right": list(self.liked),
            "wrong": list(self.disliked),
            "in": list(self.collections),
            "meta": [f"{key}={value}" for key, value in self.metadata],
        }
        return {
            **{name: value for name, (value, default) in single.items() if value != default},
            **{name: values for name, values in several.items() if values},
        }

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]]) -> Asked:
        """Read query parameters, several values for each name. What cannot be understood counts as not given."""

        def one(name: str) -> str:
            values = params.get(name, ())
            return values[-1] if values else ""

        size = _integer(one("size"), PAGE_SIZES[1])
        return cls(
            text=one("q")[:1000],
            places=tuple(place for text in params.get("like", ())[:MOST_EXAMPLES] if (place := _place(text))),
            liked=tuple(dict.fromkeys(params.get("right", ())))[:MOST_EXAMPLES],
            disliked=tuple(dict.fromkeys(params.get("wrong", ())))[:MOST_EXAMPLES],
            crop=one("crop"),
            collections=tuple(dict.fromkeys(params.get("in", ()))),
            first_page=_integer(one("from"), None),
            last_page=_integer(one("to"), None),
            metadata=tuple(
                (key, value) for key, mark, value in (m.partition("=") for m in params.get("meta", ())) if mark
            ),
            least=min(100, _integer(one("min"), 25)),
            group="page" if one("group") == "page" else "none",
            order="place" if one("order") == "place" else "best",
            part=max(1, _integer(one("part"), 1)),
            size=size if size in PAGE_SIZES else PAGE_SIZES[1],
        )


def _place(text: str) -> PlaceOnPage | None:
    try:
        return PlaceOnPage.parse(text)
    except ValueError:
        return None


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _integer(text: str, default: Default) -> int | Default:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else default
