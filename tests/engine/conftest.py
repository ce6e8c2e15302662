"""A small library of written pages: real catalogue, real index, and an embedder that reads letters instead of ink."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from ingest.catalogue.catalogue import Catalogue
from ingest.catalogue.ids import word_id
from ingest.catalogue.records import Draft, DraftWord
from ingest.geometry import Region
from ingest.sources.source import PageRef, SourceInfo
from search.embedding import EmbeddingSpace
from search.embedding.embedder import embed_words
from search.engine.confidence import ConfidenceModel
from search.engine.engine import Engine
from search.handwriting.alphabet import fold
from search.handwriting.classes import BLANK, LETTERS
from search.handwriting.posteriors import packed_readings
from search.index import Point
from search.index.qdrant_edge import QdrantEdgeIndex

SPACE = EmbeddingSpace("letters", "ab" * 32, 256)


class LetterEmbedder:
    """Spellings as hashed letters, pairs and triples; a crop carries its spelling in its pixels."""

    space = SPACE

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.zeros((len(texts), 256), np.float32)
        for row, text in zip(rows, texts, strict=True):
            word = f"^{text.casefold()}$"
            for n in (1, 2, 3):
                for i in range(len(word) - n + 1):
                    digest = hashlib.blake2b(word[i : i + n].encode("utf-8", "replace"), digest_size=4).digest()
                    row[int.from_bytes(digest, "big") % 256] += 1.0 if digest[0] % 2 else -1.0
            row[0] += 1e-3
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def embed_crops(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        return self.embed_texts([spelled(crop) for crop in crops])


class ReadingEmbedder(LetterEmbedder):
    """Sees a word as if its letters were the wrong way round, but reads them in their order."""

    def embed_crops(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        return self.embed_texts([spelled(crop)[::-1] for crop in crops])

    def embed_and_read(self, crops: Sequence[np.ndarray]) -> tuple[np.ndarray, list[bytes]]:
        return self.embed_crops(crops), [reading_of(spelled(crop)) for crop in crops]


def reading_of(text: str) -> bytes:
    """What a head reads that is fairly sure of each letter of `text`."""
    chances = np.full((1, 2 * len(text) + 1, len(LETTERS) + 1), -9.0, np.float32)
    chances[0, ::2, BLANK] = -0.01
    for column, letter in enumerate(fold(text)):
        chances[0, 2 * column + 1, [BLANK, LETTERS[letter]]] = -2.0, -0.2
    [packed] = packed_readings(chances, np.array([chances.shape[1]]))
    return packed


def spelled(crop: np.ndarray) -> str:
    """What `crop_of` drew."""
    return bytes(crop[0, :, 0]).rstrip(b"\0").decode()


def crop_of(text: str) -> np.ndarray:
    """A picture that the embedder reads as `text`."""
    data = text.encode()
    crop = np.zeros((2, len(data), 3), np.uint8)
    crop[0, :, 0] = list(data)
    return crop


@dataclass
class Library:
    """An engine over pages written by a test."""

    engine: Engine
    catalogue: Catalogue
    index: QdrantEdgeIndex

    def write(
        self, collection: str, document: str, *pages: str, metadata: dict[str, object] | None = None
    ) -> dict[str, str]:
        """Index pages of lines of words; `a+b` adds a hypothesis `ab` over both. Returns spelling -> last word id."""
        owner = self.catalogue.add_collection(collection)
        digest = hashlib.sha256("\n\n".join(pages).encode()).hexdigest()
        info = SourceInfo(f"/{document}", "pdf", document, digest, None, metadata or {})
        refs = [PageRef(number, str(number)) for number in range(1, len(pages) + 1)]
        listed = self.catalogue.list_document(owner.id, info, refs, base_url="http://here")
        words: dict[str, str] = {}
        while claimed := self.catalogue.claim_pages("test", 100, [listed.document_id]):
            for page in claimed:
                drafts, texts = _layout(pages[page.number - 1])
                ids = [word_id(page.page_id, page.digest, draft.region, "test-1") for draft in drafts]
                seen = embed_words(self.engine.embedder, [crop_of(text) for text in texts])
                points = [
                    Point(
                        UUID(word),
                        one.vector,
                        owner.id,
                        listed.document_id,
                        page.page_id,
                        page.claim,
                        page.number,
                        page.metadata,
                        one.reading,
                    )
                    for word, one in zip(ids, seen, strict=True)
                ]
                self.index.upsert(points)
                draft = Draft("key", (2000, 3000), (2000, 3000), "test-1", tuple(drafts))
                self.catalogue.use_space(SPACE.key, SPACE.model, SPACE.digest, SPACE.dimension)
                assert self.catalogue.finish_page(page.page_id, page.claim, draft, SPACE.key)
                words |= dict(zip(texts, ids, strict=True))
        return words


def _layout(page: str) -> tuple[list[DraftWord], list[str]]:
    """Words of 20 pixels a letter on lines 100 pixels apart."""
    drafts, texts = [], []
    for line, written in enumerate(page.strip().splitlines()):
        x, position = 50, 0
        for word in written.split():
            parts = word.split("+")
            start = x
            for part in parts:
                drafts.append(DraftWord(Region(x, 100 + 100 * line, 20 * len(part), 60), line, position, 1, 0.9))
                texts.append(part)
                x += 20 * len(part) + 10
                position += 1
            if len(parts) > 1:
                region = Region(start, 100 + 100 * line, x - 10 - start, 60)
                drafts.append(DraftWord(region, line, position - len(parts), len(parts), 0.5))
                texts.append("".join(parts))
            x += 20
    return drafts, texts


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Nothing written yet."""
    yield from _library(tmp_path, LetterEmbedder())


@pytest.fixture
def read_library(tmp_path: Path) -> Iterator[Library]:
    """Nothing written yet; its model reads, and has to."""
    yield from _library(tmp_path, ReadingEmbedder())


def _library(tmp_path: Path, embedder: LetterEmbedder) -> Iterator[Library]:
    catalogue = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    index = QdrantEdgeIndex(tmp_path / "index", SPACE)
    weights = {kind: [-16.0, 20.0, *[0.0] * 7] for kind in ("text", "loose", "image")}
    read = [-2.0, 20.0, *[0.0] * 7]
    sure = ConfidenceModel("", {**weights, "read": read, "image_read": read})
    engine = Engine(embedder, index, catalogue, confidence=sure, base_url="http://here")
    yield Library(engine, catalogue, index)
    index.close()
    catalogue.close()


@pytest.fixture
def picture() -> Callable[[str], np.ndarray]:
    """`picture(text)`: a crop that the embedder reads as `text`."""
    return crop_of


@pytest.fixture
def reading() -> Callable[[str], bytes]:
    """`reading(text)`: what a head reads that is fairly sure of each letter."""
    return reading_of


FILLER = "quelque chose autre comme ecrit ancien registre notaire paroisse village fleuve montagne soldat lettre"


@pytest.fixture
def books(library: Library) -> Library:
    """Two collections, three documents, words that occur once and several times."""
    library.write(
        "Notaires",
        "acte 1",
        f"le maire de la ville\nfut present\n{FILLER}",
        f"maison et jardin de Jean\nBaptiste Martin\n{FILLER}",
        metadata={"year": 1785, "notary": "Bronod"},
    )
    library.write("Notaires", "acte 2", f"la maison du maire\n{FILLER}", metadata={"year": 1802, "notary": "Dupuis"})
    library.write("Soldats", "testament", f"ma maison a mon frere Jean\n{FILLER}", metadata={"date": "1915-03-14"})
    return library
