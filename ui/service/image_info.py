"""info.json of the IIIF Image API 3.0, https://iiif.io/api/image/3.0/#5-image-information."""

from __future__ import annotations

from typing import Any

from ui.service.image_request import ImageLimits

CONTEXT = "http://iiif.io/api/image/3/context.json"
PROFILE = "http://iiif.io/api/image/3/level2.json"
TILE = 512


def image_info(service: str, size: tuple[int, int], limits: ImageLimits) -> dict[str, Any]:
    """The description of one image; `service` is its base URL, `size` its (width, height)."""
    width, height = size
    factors = [1]
    while TILE * factors[-1] < max(size):
        factors.append(factors[-1] * 2)
    return {
        "@context": CONTEXT,
        "id": service,
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": width,
        "height": height,
        "maxWidth": limits.width,
        "maxHeight": limits.height,
        "maxArea": limits.area,
        "tiles": [{"width": TILE, "height": TILE, "scaleFactors": factors}],
        "sizes": [
            {"width": max(1, width // factor), "height": max(1, height // factor)}
            for factor in reversed(factors)
            if limits.allow(width // factor, height // factor)
        ],
        "preferredFormats": ["jpg", "webp"],
        "extraFormats": ["webp"],
        "extraQualities": ["color", "gray", "bitonal"],
        "extraFeatures": [
            "canonicalLinkHeader", "mirroring", "profileLinkHeader", "sizeUpscaling",
        ],
    }  # fmt: skip
