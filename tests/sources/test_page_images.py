"""Page images as they are stored, and what is read from them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from infra.errors import NotFoundError, StorageError
from infra.files import FileStore
from ingest.geometry import Region
from ingest.page_images import PageImageReader, write_page_image
from ingest.sources import PageImage, open_source

Pixels = NDArray[np.uint8]
KEY = "document/page.tif"


def smooth(height: int, width: int, seed: int = 0) -> Pixels:
    """Soft shapes, which survive JPEG almost unharmed, all over the page."""
    coarse = np.random.default_rng(seed).integers(0, 255, (height // 120 + 2, width // 120 + 2, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def page(pixels: Pixels) -> PageImage:
    return PageImage(pixels.shape[1], pixels.shape[0], pixels)


def difference(one: Pixels, other: Pixels) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FileStore:
    return FileStore(str(tmp_path_factory.mktemp("files")))


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    return smooth(1501, 1103)


@pytest.fixture(scope="module")
def reader(store: FileStore, pixels: Pixels) -> PageImageReader:
    write_page_image(store, KEY, page(pixels))
    return PageImageReader(store, KEY)


def test_the_whole_page_comes_back(reader: PageImageReader, pixels: Pixels) -> None:
    assert reader.size == (1103, 1501)
    whole = reader.whole()
    assert whole.dtype == np.uint8
    assert difference(whole, pixels) < 1.5
    assert not reader.is_grey


def test_crops_are_the_very_pixels_of_the_page(reader: PageImageReader) -> None:
    whole = reader.whole()

    @hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def crop(data: st.DataObject) -> None:
        x, y = data.draw(st.integers(0, 1102)), data.draw(st.integers(0, 1500))
        region = Region(x, y, data.draw(st.integers(1, 400)), data.draw(st.integers(1, 300)))
        seen = reader.crop(region)
        assert np.array_equal(seen, whole[y : y + region.h, x : x + region.w])
        assert seen.flags.writeable

    crop()


def test_scaled_regions_lie_where_they_should(reader: PageImageReader, pixels: Pixels) -> None:
    @hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def region(data: st.DataObject) -> None:
        x, y = data.draw(st.integers(0, 700)), data.draw(st.integers(0, 1100))
        w, h = data.draw(st.integers(100, 403)), data.draw(st.integers(100, 401))
        size = data.draw(st.integers(8, 500)), data.draw(st.integers(8, 500))
        seen = reader.region(Region(x, y, w, h), size)
        plain = np.asarray(Image.fromarray(pixels[y : y + h, x : x + w]).resize(size, Image.Resampling.BICUBIC))
        assert seen.shape == (size[1], size[0], 3)
        assert difference(seen, plain) < 4

    region()


def test_sizes_of_reduced_pages(reader: PageImageReader) -> None:
    assert reader.whole(400).shape == (400, 294, 3)
    assert reader.whole(5000).shape == (1501, 1103, 3), "nothing is enlarged"
    assert reader.crop(Region(0, 0, 1103, 100), max_size=(50, 50)).shape == (5, 50, 3)
    assert reader.region(Region(0, 0, 1103, 1501), (1, 1)).shape == (1, 1, 3)
    assert reader.crop(Region(1102, 1500, 500, 500), max_size=(10, 10)).shape == (1, 1, 3)
    with pytest.raises(ValueError, match="outside"):
        reader.crop(Region(1103, 0, 5, 5))


def test_grey_stays_grey_and_is_read_as_rgb(store: FileStore, pixels: Pixels) -> None:
    grey = np.ascontiguousarray(pixels[..., 1])
    write_page_image(store, "grey.tif", page(grey))
    reader = PageImageReader(store, "grey.tif")
    assert reader.is_grey
    whole = reader.whole()
    assert whole.shape == (1501, 1103, 3)
    assert difference(whole, np.dstack([grey] * 3)) < 1.5


def test_it_is_a_pyramid_of_jpeg_tiles(store: FileStore, reader: PageImageReader) -> None:
    image = pyvips.Image.tiffload(str(store.local_path(KEY)))
    assert image.get("n-pages") >= 3
    assert store.local_path(KEY).stat().st_size < 1103 * 1501 * 3 / 8


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 3000), (3000, 1), (257, 255), (513, 512)])
def test_odd_sizes(store: FileStore, height: int, width: int) -> None:
    pixels = smooth(height, width)
    write_page_image(store, "odd.tif", page(pixels))
    reader = PageImageReader(store, "odd.tif")
    assert reader.whole().shape == pixels.shape
    for side in (1, 7, 100, 256):
        assert max(reader.whole(side).shape[:2]) == min(side, max(height, width))


def test_a_new_image_under_the_same_key_is_the_one_that_is_read(store: FileStore) -> None:
    old, new = smooth(300, 200, seed=1), smooth(400, 300, seed=2)
    write_page_image(store, "again.tif", page(old))
    before = PageImageReader(store, "again.tif")
    write_page_image(store, "again.tif", page(new))
    assert difference(PageImageReader(store, "again.tif").whole(), new) < 3
    assert difference(before.whole(), old) < 3, "a reader shows the image it opened"


def test_many_threads_may_read(reader: PageImageReader) -> None:
    whole = reader.whole()
    rng = np.random.default_rng(0)
    regions = [Region(int(rng.integers(0, 900)), int(rng.integers(0, 1300)), 150, 90) for _ in range(200)]

    def same(region: Region) -> bool:
        return np.array_equal(reader.crop(region), whole[region.y : region.y2, region.x : region.x2])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(same, regions))


def test_missing_and_damaged_images_are_named(store: FileStore, pixels: Pixels) -> None:
    with pytest.raises(NotFoundError, match="Ingest the document again"):
        PageImageReader(store, "none.tif")
    store.put_bytes(b"II*\0 not a picture", "bad.tif")
    with pytest.raises(StorageError, match=r"bad\.tif"):
        PageImageReader(store, "bad.tif")
    write_page_image(store, "cut.tif", page(pixels))
    data = store.local_path("cut.tif").read_bytes()
    wrecked = bytearray(data)
    wrecked[2000 : len(data) - 3000] = bytes(len(data) - 5000)
    store.put_bytes(bytes(wrecked), "cut.tif")
    with pytest.raises(StorageError, match=r"cut\.tif"):
        PageImageReader(store, "cut.tif").crop(Region(500, 700, 200, 200))


def test_a_page_goes_from_source_to_store(
    tmp_path: Path, store: FileStore, encode: Callable[..., bytes], colour: Pixels, settings: object
) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(encode(np.rot90(colour), "PNG"))
    source = open_source(str(path), settings)  # type: ignore[arg-type]
    write_page_image(store, "scan.tif", source.read(source.pages()[0]))
    assert PageImageReader(store, "scan.tif").size == (310, 260)
