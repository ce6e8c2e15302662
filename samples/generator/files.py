"""Writes finished scans as the files a collection comes in."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pikepdf
import tifffile
from PIL import Image

from samples.generator.page import Scan
from samples.generator.page_xml import write_page_xml

DPI = 200
_QUALITY = 76
_BASE = "https://archive.wrenhaven.example/iiif/commonplace"


def write_truth(scans: Sequence[Scan], folder: Path) -> None:
    """Each scan as a JPEG with its PAGE file beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for scan in scans:
        image = folder / f"{scan.name}.jpg"
        image.write_bytes(_jpeg(scan))
        write_page_xml(scan.truth, image)


def write_pdf(scans: Sequence[Scan], path: Path, title: str) -> None:
    """A PDF of scans, each embedded as a JPEG that covers its page."""
    with pikepdf.new() as pdf:
        pdf.docinfo["/Title"] = title
        for scan in scans:
            _add_page(pdf, scan)
        pdf.save(path, deterministic_id=True)


def _add_page(pdf: pikepdf.Pdf, scan: Scan) -> None:
    width, height = scan.truth.size
    points = [0, 0, width * 72 / DPI, height * 72 / DPI]
    image = pikepdf.Stream(
        pdf,
        _jpeg(scan),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=width,
        Height=height,
        ColorSpace=pikepdf.Name.DeviceRGB if scan.pixels.ndim == 3 else pikepdf.Name.DeviceGray,
        BitsPerComponent=8,
        Filter=pikepdf.Name.DCTDecode,
    )
    page = pdf.add_blank_page(page_size=(points[2], points[3]))
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Scan=image))
    page.Contents = pikepdf.Stream(pdf, f"{points[2]:.3f} 0 0 {points[3]:.3f} 0 0 cm /Scan Do".encode())


def write_tiff(scans: Sequence[Scan], path: Path) -> None:
    """A multi-page TIFF with JPEG compression."""
    with tifffile.TiffWriter(path) as tiff:
        for scan in scans:
            tiff.write(
                scan.pixels,
                photometric="rgb" if scan.pixels.ndim == 3 else "minisblack",
                compression="jpeg",
                compressionargs={"level": _QUALITY},
                resolution=(DPI, DPI),
                resolutionunit="INCH",
                metadata=None,
            )


def write_manifest(scans: Sequence[Scan], path: Path, label: str, doubled: str) -> None:
    """A IIIF Presentation 3 manifest over the JPEG files beside it.

    The canvas of the page named `doubled` has twice the size of its image, as canvases may.
    """
    canvases = [_canvas(scan, 2 if scan.name == doubled else 1) for scan in scans]
    manifest = {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": f"{_BASE}/manifest.json",
        "type": "Manifest",
        "label": {"en": [label]},
        "rights": "http://creativecommons.org/publicdomain/zero/1.0/",
        "items": canvases,
    }
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _canvas(scan: Scan, scale: int) -> dict[str, object]:
    width, height = scan.truth.size
    name = f"{_BASE}/canvas/{scan.name}"
    body = {"id": f"{scan.name}.jpg", "type": "Image", "format": "image/jpeg", "width": width, "height": height}
    painting = {
        "id": f"{name}/painting",
        "type": "Annotation",
        "motivation": "painting",
        "body": body,
        "target": name,
    }
    return {
        "id": name,
        "type": "Canvas",
        "label": {"none": [scan.name.removeprefix("page-")]},
        "width": width * scale,
        "height": height * scale,
        "items": [{"id": f"{name}/page", "type": "AnnotationPage", "items": [painting]}],
    }


def _jpeg(scan: Scan) -> bytes:
    data = io.BytesIO()
    Image.fromarray(scan.pixels).save(data, "JPEG", quality=_QUALITY, optimize=True, dpi=(DPI, DPI))
    return data.getvalue()
