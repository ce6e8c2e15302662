"""Reading ground truth from PAGE and ALTO, well-formed and hostile."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import CorruptError, InputError, LimitError, NotFoundError, UnsupportedError
from ingest.geometry import Region
from search.evaluation import page_xml
from search.evaluation.page_xml import read_truth

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/{year}">
<Page imageFilename="f1.jpg" imageWidth="900" imageHeight="700"><TextRegion id="r"><Coords points="0,0 9,9"/>
<TextLine id="l0"><Coords points="10,20 410,20 410,60 10,60"/><Baseline points="10,55 410,52"/>
<Word id="l0w0"><Coords points="12,22 100,22 100,58 12,58"/><TextEquiv><Unicode>Cafe\u0301</Unicode></TextEquiv></Word>
<Word id="l0w2"><Coords points="200,22 300,22 300,58 200,58"/><TextEquiv><Unicode>noir,</Unicode></TextEquiv></Word>
<TextEquiv index="1"><Unicode>worse</Unicode></TextEquiv>
<TextEquiv index="0"><Unicode>Cafe\u0301 tres  noir,</Unicode></TextEquiv></TextLine>
<TextLine id="l1"><Coords points="nonsense"/><TextEquiv><Unicode>lost</Unicode></TextEquiv></TextLine>
</TextRegion></Page></PcGts>"""

ALTO = """<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v{version}#">
<Description><MeasurementUnit>pixel</MeasurementUnit>
<sourceImageInformation><fileName>f2.jpg</fileName></sourceImageInformation></Description>
<Layout><Page WIDTH="800" HEIGHT="600"><PrintSpace><TextBlock>
<TextLine HPOS="10" VPOS="20" WIDTH="300" HEIGHT="40" BASELINE="10 55 310 54">
<Shape><Polygon POINTS="10 20 310 18 310 60 10 60"/></Shape>
<String CONTENT="two" HPOS="10" VPOS="22" WIDTH="90" HEIGHT="36"/><SP/>
<String CONTENT="words" HPOS="120" VPOS="22.4" WIDTH="180" HEIGHT="36"/></TextLine>
<TextLine HPOS="10" VPOS="80" WIDTH="300" HEIGHT="40">
<String CONTENT="a whole line" HPOS="10" VPOS="80" WIDTH="300" HEIGHT="40"/></TextLine>
</TextBlock></PrintSpace></Page></Layout></alto>"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "truth.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("year", ["2013-07-15", "2017-07-15", "2019-07-15"])
def test_page(tmp_path: Path, year: str):
    page = read_truth(write(tmp_path, PAGE.format(year=year)))
    assert (page.image, page.width, page.height) == ("f1.jpg", 900, 700)
    (line,) = page.lines
    assert line.text == "Café tres noir,"
    assert line.baseline == ((10, 55), (410, 52))
    assert line.region == Region(10, 20, 400, 40)
    assert [(word.text, word.place) for word in line.words] == [("Café", 0), ("noir,", 2)]
    assert line.words[0].region == Region(12, 22, 88, 36)


@pytest.mark.parametrize("version", [2, 3, 4])
def test_alto(tmp_path: Path, version: int):
    page = read_truth(write(tmp_path, ALTO.format(version=version)))
    assert (page.image, page.width, page.height) == ("f2.jpg", 800, 600)
    first, second = page.lines
    assert first.text == "two words"
    assert first.outline == ((10, 20), (310, 18), (310, 60), (10, 60))
    assert first.baseline == ((10, 55), (310, 54))
    assert [word.region for word in first.words] == [Region(10, 22, 90, 36), Region(120, 22, 180, 36)]
    assert (second.text, second.words) == ("a whole line", ()), "a line written as one string has no word boxes"


def test_alto_baseline_with_commas_and_box_without_shape(tmp_path: Path):
    text = ALTO.format(version=4).replace('"10 55 310 54"', '"10,55 310,54"')
    text = text.replace('<Shape><Polygon POINTS="10 20 310 18 310 60 10 60"/></Shape>', "")
    first = read_truth(write(tmp_path, text)).lines[0]
    assert first.baseline == ((10, 55), (310, 54))
    assert first.region == Region(10, 20, 300, 40)


def test_other_units_and_other_xml_are_not_guessed(tmp_path: Path):
    with pytest.raises(UnsupportedError, match="mm10"):
        read_truth(write(tmp_path, ALTO.format(version=4).replace(">pixel<", ">mm10<")))
    with pytest.raises(UnsupportedError, match="html"):
        read_truth(write(tmp_path, "<html/>"))


BOMB = '<!DOCTYPE PcGts [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + PAGE[39:].replace("worse", "&b;")
OUTSIDE = '<!DOCTYPE PcGts [<!ENTITY x SYSTEM "file:///etc/passwd">]><PcGts><Page>&x;</Page></PcGts>'


@pytest.mark.parametrize(
    "text", [BOMB, OUTSIDE, "", "<PcGts>", b"\xff\xfe\x00", "<PcGts/>", "<alto/>", "<PcGts><Page/></PcGts>"]
)
def test_hostile_or_broken_files_are_named_errors(tmp_path: Path, text: str | bytes):
    with pytest.raises(CorruptError) as error:
        read_truth(write(tmp_path, text))
    assert "truth.xml" in str(error.value)


def test_missing_and_huge_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(NotFoundError):
        read_truth(tmp_path / "none.xml")
    monkeypatch.setattr(page_xml, "_MOST_BYTES", 10)
    with pytest.raises(LimitError):
        read_truth(write(tmp_path, PAGE.format(year="2019-07-15")))


@given(st.text(max_size=60))
def test_any_coordinates_are_read_or_left_out(tmp_path_factory: pytest.TempPathFactory, points: str):
    folder = tmp_path_factory.getbasetemp()
    safe = points.translate({ord(c): None for c in '<>&"'})
    text = PAGE.format(year="2019-07-15").replace("10,20 410,20 410,60 10,60", safe)
    try:
        page = read_truth(write(folder, text.encode("utf-8", "replace")))
    except InputError:
        return
    assert all(line.region.area >= 1 for line in page.lines)
