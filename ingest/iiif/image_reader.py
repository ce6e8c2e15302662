"""Fetches a picture in full resolution, in one piece or put together from many."""

from __future__ import annotations

import time

import numpy as np

from infra.errors import CorruptError, FetchError, InputError, LimitError, NotFoundError
from infra.settings import Settings
from ingest.geometry import Region
from ingest.iiif.canvas import Picture, Service
from ingest.iiif.decode import decode_piece, decode_plain
from ingest.iiif.image_info import ImageInfo, read_info
from ingest.iiif.image_requests import MAX_PIECES, Piece, Plan, plans, smaller_pieces
from ingest.iiif.location import Location, Place
from ingest.iiif.picture import version_of
from ingest.iiif.pixels import coloured, cut, resized, turned
from ingest.iiif.regions import ServedImage
from ingest.iiif.values import check_depth
from ingest.sources.checks import check_not_blank, check_size, named_errors
from ingest.sources.pixels import Uint8, without_colour
from ingest.sources.raster import decode_picture
from ingest.sources.source import PageImage

_TOLERANCE = 0.02
"""Share by which an answer may miss the size asked for: servers round differently."""
_OTHER_SPELLING = frozenset({400, 403, 404, 405, 406, 413, 414, 422, 501})
"""Statuses with which servers refuse a request they do not understand; a bucket of files says 403 for 404."""


class ImageReader:
    """Reads the pictures of one page: at most `page_timeout` seconds and 2 x MAX_PIECES requests in all."""

    def __init__(self, location: Location, settings: Settings) -> None:
        self._location = location
        self._settings = settings
        self._deadline = time.monotonic() + settings.page_timeout
        self._requests = 0
        self._spelling = 0

    def read(self, picture: Picture) -> tuple[PageImage, ServedImage | None]:
        """The pixels to paint, cut and turned, and how regions of them are asked for (`target` is left to the caller).

        None where no service gives regions. Where the service fails but the manifest names an image, that is taken.
        """
        if picture.service is None:
            return self._plain(picture), None
        try:
            return self._served(picture, picture.service)
        except (NotFoundError, CorruptError, FetchError) as error:
            if picture.image is None or (isinstance(error, FetchError) and error.status in (401, 403)):
                raise
            try:
                return self._plain(picture), None
            except InputError:
                raise error from None

    def _plain(self, picture: Picture) -> PageImage:
        if picture.image is None:
            raise CorruptError("its image has no address")
        place = self._location.find(picture.image)
        with named_errors(str(place)):
            image = decode_plain(self._fetch(place), str(place), self._settings)
        if picture.part is None:
            return turned(image, picture.rotation)
        frame = picture.size if picture.size and picture.part_of_image else (image.width, image.height)
        part = picture.part.within(*frame).scaled(frame, (image.width, image.height))
        return turned(cut(image, part), picture.rotation)

    def _served(self, picture: Picture, service: Service) -> tuple[PageImage, ServedImage | None]:
        base = self._location.find(service.url)
        info = self._info(base, service)
        check_size(*info.size, self._settings)
        part = _part_of_service(picture, info)
        image = turned(self._whole_or_pieces(base, info, part), picture.rotation)
        if not info.regions or not isinstance(base, str):
            return image, None
        return image, ServedImage(
            base, info.version, info.size, part, part, rotation=picture.rotation, limited=info.limited, turns=info.turns
        )

    def _info(self, base: Place, service: Service) -> ImageInfo:
        self._count()
        place = self._location.below(base, "info.json")
        data = self._location.read_json(place)
        with named_errors(str(place)):
            check_depth(data)
            return read_info(data, version_of(service.embedded))

    def _whole_or_pieces(self, base: Place, info: ImageInfo, part: Region) -> PageImage:
        """The largest image that any plan gives; a server that gives less than it says is asked for pieces."""
        best: PageImage | None = None
        failure: InputError | None = None
        waiting = list(plans(info, part))
        while waiting:
            plan = waiting.pop(0)
            if best and _share(plan, part) * part.area <= best.width * best.height:
                continue
            try:
                image = self._carry_out(base, plan)
            except (NotFoundError, FetchError, CorruptError) as error:
                if isinstance(error, FetchError) and error.status == 401:
                    raise
                failure = failure or error
                continue
            kept = _cut_of_plan(image, plan, part)
            if _as_promised(image, plan.size):
                return kept
            if best is None or kept.width * kept.height > best.width * best.height:
                best = kept
            pieces = smaller_pieces(info, part, (image.width, image.height)) if len(plan.pieces) == 1 else None
            waiting[:0] = [pieces] if pieces else []
        if best is None:
            raise failure or CorruptError("its image service offers nothing to fetch")
        return best

    def _carry_out(self, base: Place, plan: Plan) -> PageImage:
        check_size(*plan.size, self._settings)
        if len(plan.pieces) == 1:
            return self._piece(base, plan.pieces[0], alone=True)
        pixels: Uint8 = np.full((plan.size[1], plan.size[0], 3), 255, np.uint8)
        for piece in plan.pieces:
            place = piece.place
            part = self._piece(base, piece, alone=False)
            if not _as_promised(part, (place.w, place.h)):
                raise CorruptError(f"its server gave {part.width} x {part.height} pixels for {place.w} x {place.h}")
            pixels[place.y : place.y2, place.x : place.x2] = coloured(resized(part.pixels, place.w, place.h))
        pixels = without_colour(pixels)
        check_not_blank(pixels)
        return PageImage(plan.size[0], plan.size[1], pixels)

    def _piece(self, base: Place, piece: Piece, *, alone: bool) -> PageImage:
        """One answer; the spelling that the server understood last is tried first."""
        failure: InputError | None = None
        count = len(piece.requests)
        for turn in range(count):
            at = (self._spelling + turn) % count
            place = self._location.below(base, piece.requests[at])
            try:
                data = self._fetch(place)
            except (NotFoundError, FetchError) as error:
                if isinstance(error, FetchError) and error.status not in _OTHER_SPELLING:
                    raise
                failure = failure or error
                continue
            self._spelling = at
            with named_errors(str(place)):
                return (decode_picture if alone else decode_piece)(data, str(place), self._settings)
        assert failure is not None
        raise failure

    def _fetch(self, place: Place) -> bytes:
        self._count()
        return self._location.read_bytes(place)

    def _count(self) -> None:
        self._requests += 1
        if self._requests > 2 * MAX_PIECES:
            raise LimitError(f"its images take more than {2 * MAX_PIECES} requests")
        if time.monotonic() > self._deadline:
            raise LimitError(
                f"fetching it took longer than {self._settings.page_timeout:.0f} s (MANUSPECT_PAGE_TIMEOUT)"
            )


def _part_of_service(picture: Picture, info: ImageInfo) -> Region:
    """What is painted, in pixels of the service's full image."""
    if picture.part is None:
        return Region(0, 0, *info.size)
    if picture.part_of_image and picture.size:
        return picture.part.within(*picture.size).scaled(picture.size, info.size)
    return picture.part.within(*info.size)


def _share(plan: Plan, part: Region) -> float:
    """How much of full resolution a plan gives, as a share of area."""
    return plan.size[0] * plan.size[1] / plan.source.area


def _as_promised(image: PageImage, size: tuple[int, int]) -> bool:
    """Whether an image is as large as it should be, or larger."""
    return all(
        got >= min(want - 2, want * (1 - _TOLERANCE))
        for got, want in zip((image.width, image.height), size, strict=True)
    )


def _cut_of_plan(image: PageImage, plan: Plan, part: Region) -> PageImage:
    """`part` out of the image of a plan that shows more."""
    if plan.source == part:
        return image
    return cut(image, part.scaled((plan.source.w, plan.source.h), (image.width, image.height)))
