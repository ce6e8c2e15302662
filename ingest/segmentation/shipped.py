"""Networks that come with the package as ONNX files, run by OpenCV."""

from __future__ import annotations

import threading
from functools import cache
from importlib.resources import files

import cv2
import numpy as np

from infra.errors import ModelError

_local = threading.local()


def shipped_network(weights: str) -> cv2.dnn.Net:
    """The network of a file below this folder, one for each thread: OpenCV's keep their buffers inside.

    Raises ModelError where it cannot be loaded.
    """
    networks: dict[str, cv2.dnn.Net] = _local.__dict__
    if weights not in networks:
        try:
            networks[weights] = cv2.dnn.readNetFromONNX(np.frombuffer(_bytes(weights), np.uint8))
        except (cv2.error, OSError) as error:
            raise ModelError(f"the network of {weights} cannot be loaded: {error}") from error
    return networks[weights]


@cache
def _bytes(weights: str) -> bytes:
    return files("ingest.segmentation").joinpath(weights).read_bytes()
