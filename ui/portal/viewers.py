"""Other IIIF viewers, as the operator names them, and the address that opens a page in one of them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from infra.errors import SettingsError


@dataclass(frozen=True, slots=True)
class PlaceInManifest:
    """What a viewer can be told to open."""

    manifest: str
    """Address."""
    canvas: str
    """Canvas id."""
    index: int
    """Of the canvas in the manifest, from 0."""
    xywh: str
    """Region of the canvas, pixels: of the hit, else the whole of it."""


@dataclass(frozen=True, slots=True)
class ExternalViewer:
    """A viewer that people may go on to."""

    name: str
    template: str
    """Its address with `{manifest}` and perhaps `{canvas}`, `{index}` and `{xywh}` where those belong."""

    def address(self, place: PlaceInManifest) -> str:
        """The address that opens that place."""
        return self.template.format(
            manifest=quote(place.manifest, safe=""), canvas=quote(place.canvas, safe=""),
            index=place.index, xywh=place.xywh,
        )  # fmt: skip


def parse_viewers(text: str) -> tuple[ExternalViewer, ...]:
    """Read `NAME=ADDRESS; NAME=ADDRESS`; SettingsError where an address could not work."""
    return tuple(_parse(part.strip()) for part in text.split(";") if part.strip())


def _parse(text: str) -> ExternalViewer:
    name, _, template = (part.strip() for part in text.partition("="))
    wrong = SettingsError(
        f"MANUSPECT_VIEWERS: {text} is not NAME=ADDRESS with an http(s) address that holds {{manifest}} "
        "and no other names in braces than {canvas}, {index} and {xywh}."
    )
    if not name or "{manifest}" not in template or urlsplit(template).scheme not in ("http", "https"):
        raise wrong
    viewer = ExternalViewer(name, template)
    try:
        viewer.address(PlaceInManifest("", "", 0, ""))
    except (LookupError, ValueError, AttributeError) as error:
        raise wrong from error
    return viewer
