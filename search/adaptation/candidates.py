"""What each word may say: the nearest strings of a lexicon, and how well the reading head finds each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import CustomTextCLIP

from search.embedding.device import choose_placement
from search.handwriting.crops import by_width, encode_texts, look
from search.handwriting.ink import Pixels
from search.handwriting.letters import letter_fits, read_letters
from search.handwriting.model import tower

Vectors = NDArray[np.float32]

CANDIDATES = 20
"""Strings considered for each word."""
_BLOCK = 512


@dataclass(frozen=True)
class Seen:
    """What the model makes of n words."""

    vectors: Vectors
    """float32 (n, d), unit rows."""
    chances: tuple[NDArray[np.float16], ...]
    """Of each word, (columns, classes), log-probabilities of `letters`."""
    readings: tuple[str, ...]
    """The likeliest letters, folded."""


def see(model: CustomTextCLIP, maps: Sequence[Pixels], threads: int = 2) -> Seen:
    """Embed and read ink maps, in bfloat16 where this machine computes in it. The model is in float32."""
    vectors = np.zeros((len(maps), tower(model).num_features), np.float32)
    chances: list[NDArray[np.float16]] = [np.zeros((0, 0), np.float16)] * len(maps)
    readings = [""] * len(maps)

    def one(chunk: tuple[list[int], NDArray[np.uint8]]) -> None:
        places, packed = chunk
        with torch.inference_mode(), _halved(model):
            vectors[places], letters, lengths = look(model, packed)
        for place, row, length in zip(places, letters, lengths.tolist(), strict=True):
            chances[place] = row[:length].numpy().astype(np.float16)
        for place, reading in zip(places, read_letters(letters, lengths), strict=True):
            readings[place] = reading

    _each(one, by_width(maps, 64), threads)
    return Seen(vectors, tuple(chances), tuple(readings))


def spell_out(model: CustomTextCLIP, words: Sequence[str], threads: int = 2) -> Vectors:
    """Folded strings -> float32 (m, d), unit rows; short ones apart from long ones, to waste no padding."""
    order = sorted(range(len(words)), key=lambda place: len(words[place]))
    vectors = np.zeros((len(words), tower(model).num_features), np.float32)

    def some(places: list[int]) -> None:
        with _halved(model):
            vectors[places] = encode_texts(model, [words[place] for place in places])

    _each(some, (order[start : start + _BLOCK] for start in range(0, len(order), _BLOCK)), threads)
    return vectors


def _each(task: Callable[[Any], None], parts: Iterable[Any], threads: int) -> None:
    """Parts side by side, with one-threaded operators: those of several threads crawl on a busy machine."""
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(task, parts))


def _halved(model: CustomTextCLIP) -> torch.autocast:
    device = next(model.parameters()).device.type
    return torch.autocast(device, torch.bfloat16, enabled=choose_placement(device).precision == "bf16")


def nearest(vectors: Vectors, strings: Vectors, count: int = CANDIDATES) -> tuple[Vectors, NDArray[np.int64]]:
    """Cosines and places of the `count` nearest strings of each word: float32 and int64 (n, count), best first."""
    half = choose_placement("cpu").dtype
    keys = torch.from_numpy(strings).to(half).T.contiguous()
    found = [
        (torch.from_numpy(vectors[start : start + _BLOCK]).to(half) @ keys).topk(min(count, len(strings)), dim=1)
        for start in range(0, len(vectors), _BLOCK)
    ]
    places = torch.cat([places for _, places in found]).numpy()
    exact = np.einsum("nd,nkd->nk", vectors, strings[places])
    order = np.argsort(-exact, axis=1, kind="stable")
    return np.take_along_axis(exact, order, 1), np.take_along_axis(places, order, 1)


def fits(seen: Seen, places: Sequence[int], texts: Sequence[str], threads: int = 2) -> NDArray[np.float32]:
    """Log-probability of each string given the word at each place, by the reading head, float32 (len(texts),)."""
    scores = np.zeros(len(texts), np.float32)
    order = sorted(range(len(texts)), key=lambda i: len(seen.chances[places[i]]))

    def some(part: list[int]) -> None:
        rows = [seen.chances[places[i]] for i in part]
        lengths = torch.tensor([len(row) for row in rows])
        packed = np.zeros((len(rows), int(lengths.max()), rows[0].shape[1]), np.float32)
        for row, target in zip(rows, packed, strict=True):
            target[: len(row)] = row
        scores[part] = letter_fits(torch.from_numpy(packed), lengths, [texts[i] for i in part]).numpy()

    _each(some, (order[start : start + 2048] for start in range(0, len(order), 2048)), threads)
    return scores
