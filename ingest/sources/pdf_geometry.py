"""Boxes and matrices of PDF pages: points, origin bottom left, y upwards."""

from __future__ import annotations

from typing import Any

Matrix = tuple[float, float, float, float, float, float]
"""a b c d e f as PDF writes them: x' = a x + c y + e, y' = b x + d y + f; points, origin bottom left."""
Box = tuple[float, float, float, float]
"""left, bottom, right, top, points."""

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def times(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that does `first`, then `then`."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def covers(box: Box, page: Box) -> bool:
    """Whether a box reaches the page's edges, give or take a hundredth of its sides."""
    dx, dy = 0.01 * (page[2] - page[0]), 0.01 * (page[3] - page[1])
    return box[0] <= page[0] + dx and box[1] <= page[1] + dy and box[2] >= page[2] - dx and box[3] >= page[3] - dy


def to_matrix(values: Any) -> Matrix:
    """Six PDF numbers as a matrix."""
    a, b, c, d, e, f = (float(value) for value in values)
    return a, b, c, d, e, f


def rectangle(operands: Any, matrix: Matrix) -> Box:
    """Operands of `re` as a box on the page."""
    x, y, w, h = (float(value) for value in operands)
    return transformed((x, y, x + w, y + h), matrix)


def transformed(box: tuple[float, ...], matrix: Matrix) -> Box:
    """Bounding box of a transformed box; one turned askew shrinks to nothing, for it covers less than its bounds."""
    left, bottom, right, top = box
    a, b, c, d, e, f = matrix
    if not ((abs(b) < 1e-6 and abs(c) < 1e-6) or (abs(a) < 1e-6 and abs(d) < 1e-6)):
        return e, f, e, f
    xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
    ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
    return min(xs), min(ys), max(xs), max(ys)
