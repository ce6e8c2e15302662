"""Region arithmetic, by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.geometry import Region

regions = st.builds(Region, st.integers(0, 4000), st.integers(0, 4000), st.integers(1, 4000), st.integers(1, 4000))
sizes = st.tuples(st.integers(1, 20_000), st.integers(1, 20_000))


@given(regions)
def test_xywh_round_trip(region: Region) -> None:
    assert Region.parse(region.xywh) == region
    assert Region.parse(f"pixel:{region.xywh}") == region


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,0,4", "-1,2,3,4", "a,b,c,d", "1,2,3,4,5", "percent:1,2,3,4", "1.5,2,3,4"]
)
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        Region.parse(text)


@given(regions, regions)
def test_intersection_and_union_enclose(a: Region, b: Region) -> None:
    both = a.union(b)
    assert a.intersection(both) == a
    common = a.intersection(b)
    if common:
        assert common.union(a) == a
        assert common == b.intersection(a)


@given(regions, regions)
def test_iou_is_symmetric_and_bounded(a: Region, b: Region) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0 <= a.iou(b) <= 1
    assert a.iou(a) == 1


@given(sizes, sizes, st.data())
def test_scaling_there_and_back_covers(
    from_size: tuple[int, int], to_size: tuple[int, int], data: st.DataObject
) -> None:
    x = data.draw(st.integers(0, from_size[0] - 1))
    y = data.draw(st.integers(0, from_size[1] - 1))
    w = data.draw(st.integers(1, from_size[0] - x))
    h = data.draw(st.integers(1, from_size[1] - y))
    region = Region(x, y, w, h)
    there = region.scaled(from_size, to_size)
    assert there.x2 <= to_size[0]
    assert there.y2 <= to_size[1]
    back = there.scaled(to_size, from_size)
    assert back.union(region) == back


@given(regions, st.integers(1, 5000), st.integers(1, 5000))
def test_clipping_stays_on_the_canvas(region: Region, width: int, height: int) -> None:
    clipped = region.clipped(width, height)
    if clipped is None:
        assert region.x >= width or region.y >= height
    else:
        assert clipped.x2 <= width
        assert clipped.y2 <= height
