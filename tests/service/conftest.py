"""A catalogue with three small pages, one of them for readers of a group only, and the service over it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from infra.errors import UsageError
from infra.files import FileStore
from ingest.catalogue.database import Database
from ingest.catalogue.ids import collection_id, document_id, local_canvas, page_id
from ingest.catalogue.tables import CollectionRow, DocumentRow, PageRow
from ingest.page_images import write_page_image
from ingest.sources.source import PageImage
from ui.service.access import Viewer
from ui.service.content_search import FoundWord
from ui.service.content_search_routes import ContentSearchService
from ui.service.image_request import ImageLimits
from ui.service.image_routes import ImageService
from ui.service.page_directory import PageDirectory
from ui.service.page_reader import PageReader
from ui.service.presentation_routes import PresentationService

BASE = "http://archive.test"
SIZE = (1300, 900)


@dataclass
class Reading:
    """The service under test; `viewer` is whoever asks next."""

    client: TestClient
    pixels: NDArray[np.uint8]
    open_page: str
    closed_page: str
    waiting_page: str
    open_document: str
    closed_document: str
    folder: Path
    viewer: Viewer = field(default_factory=Viewer)

    def replace_page(self, pixels: NDArray[np.uint8]) -> None:
        write_page(self.folder, pixels)


def drawn_page() -> NDArray[np.uint8]:
    """uint8 (900, 1300, 3): smooth colours, so that JPEG keeps them, with a black box at 100,200,50,30."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    page = np.stack([x * 255 // SIZE[0], y * 255 // SIZE[1], 200 - 100 * (x + y) // sum(SIZE)], axis=-1).astype(
        np.uint8
    )
    page[200:230, 100:150] = 0
    return page


def write_page(folder: Path, pixels: NDArray[np.uint8]) -> None:
    write_page_image(FileStore(str(folder)), "page.tif", PageImage(pixels.shape[1], pixels.shape[0], pixels))


def find_every_third(collection: str, document: str, text: str, start: int, limit: int) -> tuple[int, list[FoundWord]]:
    """250 words in reading order on the first page of whatever document."""
    if text == "(":
        raise UsageError("A bracket is not closed.")
    canvas = local_canvas(BASE, document, 1)
    assert collection in (collection_id("Open"), collection_id("Closed"))
    words = [FoundWord(f"w{i}", canvas, f"{3 * i},10,20,30", 1 - i / 250) for i in range(250)]
    return len(words), words[start : start + limit]


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    database = Database(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    pixels = drawn_page()
    write_page(tmp_path, pixels)
    pages = []
    documents = []
    with database.write() as session:
        for name, groups in (("Open", []), ("Closed", ["archivists"])):
            collection = collection_id(name)
            document = document_id(collection, f"/{name}.pdf")
            documents.append(document)
            session.add(CollectionRow(id=collection, name=name, groups=groups))
            session.flush()
            session.add(DocumentRow(
                id=document, collection_id=collection, uri=f"/{name}.pdf", kind="pdf", label=f"<b>{name}</b>",
                digest="d", details={"year": 1840}, state="listed",
            ))  # fmt: skip
            session.flush()
            for number, image in ((1, "page.tif"), (2, None)):
                pages.append(page_id(document, number))
                session.add(PageRow(
                    id=pages[-1], document_id=document, number=number, label=f"{number}r", digest="d", image=image,
                    canvas=local_canvas(BASE, document, number), width=image and SIZE[0], height=image and SIZE[1],
                ))  # fmt: skip
    with ThreadPoolExecutor(2) as executor:
        result = Reading(
            None, pixels, pages[0], pages[2], pages[1], documents[0], documents[1], tmp_path,  # type: ignore[arg-type]
        )  # fmt: skip

        def identify(_connection: HTTPConnection) -> Viewer:
            return result.viewer

        images = ImageService(
            base_url=BASE,
            directory=PageDirectory(database, lifetime=0),
            identify=identify,
            executor=executor,
            reader=PageReader(FileStore(str(tmp_path))),
            limits=ImageLimits(4000, 4000, 9_000_000),
        )
        search = ContentSearchService(BASE, database, identify, find_every_third)
        routes = [*images.routes(), *PresentationService(BASE, database, identify).routes(), *search.routes()]
        with TestClient(Starlette(routes=routes), base_url=BASE, follow_redirects=False) as client:
            result.client = client
            yield result
    database.close()
