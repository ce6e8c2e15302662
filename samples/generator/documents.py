"""The documents of the sample collection: which text, by whose hand, on what paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from samples.generator.camera import Camera
from samples.generator.handwriting import Hand
from samples.generator.layout import PageStyle
from samples.generator.page import Page
from samples.generator.paper import Paper
from samples.generator.text import PageText, read_pages

TEXTS = Path(__file__).parents[1] / "texts"

_SEPIA, _BLACK, _BLUE, _RUST = (78, 52, 33), (44, 38, 36), (46, 52, 78), (104, 64, 36)
_NOTES = Hand("kristi", 19, ink=(92, 66, 54), weight=0.02, stretch=1.1, space=1.0)

_ELEANOR = Hand("island-moments", 21, ink=_SEPIA, weight=0.06)
_HEINRICH = Hand("waterfall", 21, ink=_BLACK, weight=0.05, slant=4)
_JEANNE = Hand("fuggles", 26, ink=_BLUE, weight=0.14, stretch=1.1)
_TOMAS = Hand("ms-madi", 21, ink=_RUST, weight=0.02)
_ROBERT = Hand("windsong", 18, ink=_BLACK, weight=0.03, stretch=0.88)
_CAPTAIN = Hand("whisper", 20, ink=_BLACK, weight=0.02, stretch=1.0, wobble=0.09)
_HOUSEKEEPER = Hand("comforter", 22, ink=_SEPIA, weight=0.03, stretch=1.12)
_OLD_RECTOR = Hand("eagle-lake", 23, ink=_RUST, weight=0.0, blots=0.5)
_RECTOR = Hand("felipa", 23, ink=_SEPIA, slant=3, blots=0.45)
_CURATE = Hand("bilbo", 26, ink=_BLACK, weight=0.06)
_NATURALIST = Hand("the-nautigal", 25, ink=_BLUE, weight=0.06, stretch=1.1)

_LETTER_PAPER = Paper((233, 222, 197), laid=True, folds=(0.335, 0.665), foxing=14)
_LOG_PAPER = Paper((214, 205, 182), mottling=6, foxing=30, stains=1, rule=(150, 158, 168))
_LEDGER_PAPER = Paper((226, 213, 182), mottling=5, foxing=18, rule=(176, 132, 120))
_PARCHMENT = Paper((222, 203, 164), mottling=9, foxing=40, stains=1)
_DIARY_PAPER = Paper((236, 228, 208), mottling=4, foxing=8, rule=(158, 176, 190))

_WIDE_MARGIN = (290, 180, 90, 120)
_LOG_COLUMNS = (0.0, 0.065, 0.165, 0.305)
_MONEY_COLUMNS = (0.0, 0.15, 0.79, 0.86, 0.935)


def letters() -> list[Page]:
    """Letters of five writers in four languages, loose leaves photographed on black."""
    sheet, image = (1460, 2000), (1580, 2120)

    def leaf(number: int, text: PageText, hand: Hand, language: str, **more: object) -> Page:
        style = PageStyle(hand, _NOTES, pitch=86)
        camera = Camera(sheet, image, degrees=(-1.1, 0.7, 1.6, -0.4, 0.9, -1.8)[number % 6])
        page = Page(f"letters-{number:02}", text, style, _LETTER_PAPER, camera, language, _WIDE_MARGIN)
        return replace(page, folio=str(number), **more)  # type: ignore[arg-type]

    ashcombe, brockmann, kerlevic = (read_pages(TEXTS / f"letters-{who}.txt") for who in _CORRESPONDENTS)
    (arrizaga,), (robert,) = (read_pages(TEXTS / f"letter-{who}.txt") for who in ("arrizaga", "robert"))
    stained = replace(_LETTER_PAPER, stains=2, foxing=30)
    blue = replace(_LETTER_PAPER, colour=(206, 212, 210), foxing=6)
    return [
        leaf(1, ashcombe[0], _ELEANOR, "English"),
        leaf(2, ashcombe[1], _ELEANOR, "English", bleed=0.16),
        leaf(3, ashcombe[2], _ELEANOR, "English", paper=stained),
        leaf(4, brockmann[0], _HEINRICH, "German"),
        leaf(5, brockmann[1], _HEINRICH, "German", bleed=0.18),
        leaf(6, kerlevic[0], _JEANNE, "French", paper=blue),
        leaf(7, kerlevic[1], _JEANNE, "French", paper=blue),
        leaf(8, arrizaga, _TOMAS, "Spanish", paper=replace(stained, colour=(226, 206, 170))),
        leaf(9, robert, _ROBERT, "English", bleed=0.0),
    ]


def ships_log() -> list[Page]:
    """The log of the brig Marigold, as grey microfilm: a bound volume, one opening taken as a spread."""
    pages = read_pages(TEXTS / "ships-log.txt")
    style = PageStyle(_CAPTAIN, _NOTES, pitch=84, columns=_LOG_COLUMNS, drift=0.0)
    single, spread = ((1520, 2080), (1660, 2180)), ((2700, 2040), (2860, 2140))

    def opening(number: int, **more: object) -> Page:
        sheet, image = spread if len(pages[number - 1].sides) == 2 else single
        spine = 0.5 if sheet is spread[0] else float(number % 2 == 0)
        camera = Camera(sheet, image, (0.6, -0.8, 1.2)[number % 3], spine, curl=34)
        page = Page(f"log-{number:02}", pages[number - 1], style, _LOG_PAPER, camera, margins=(250, 190, 120, 110))
        return replace(page, folio=str(number), grey=True, bleed=0.14, surround=36.0, **more)  # type: ignore[arg-type]

    prose = replace(style, columns=(0.0,))
    return [
        opening(1, style=replace(prose, hand=replace(_CAPTAIN, x_height=32), pitch=132), margins=(220, 420, 180, 300)),
        opening(2, style=replace(style, hand=replace(_CAPTAIN, x_height=18), pitch=82)),
        opening(3),
        opening(4, style=prose),
        opening(5),
        opening(6, style=replace(style, columns=(0.0, 0.32, 0.53, 0.84))),
    ]


def commonplace() -> list[Page]:
    """Accounts, receipts, the parish register and a naturalist's diary, bound together; one leaf is blank."""
    accounts, register, diary = (read_pages(TEXTS / f"{name}.txt") for name in _BOUND)
    (receipts,) = read_pages(TEXTS / "receipts.txt")
    ledger = PageStyle(_HOUSEKEEPER, _NOTES, pitch=86, columns=_MONEY_COLUMNS, drift=0.0)
    prose = PageStyle(_HOUSEKEEPER, _NOTES, pitch=86)
    days = PageStyle(_NATURALIST, replace(_NOTES, ink=_BLUE), pitch=86, drift=0.0)

    def leaf(number: int, text: PageText, style: PageStyle, paper: Paper, **more: object) -> Page:
        camera = Camera((1440, 1980), (1560, 2100), (0.8, -1.3, 0.3, 1.5)[number % 4], float(number % 2 == 0), curl=26)
        page = Page(f"page-{number:02}", text, style, paper, camera, margins=_WIDE_MARGIN, surround=30.0)
        return replace(page, **{"folio": str(number), **more})  # type: ignore[arg-type]

    def entries(hand: Hand) -> PageStyle:
        return PageStyle(hand, _NOTES, pitch=92, indent=0)

    return [
        leaf(1, accounts[0], ledger, _LEDGER_PAPER),
        leaf(2, accounts[1], ledger, _LEDGER_PAPER, bleed=0.16),
        leaf(3, accounts[2], ledger, replace(_LEDGER_PAPER, stains=2)),
        leaf(4, receipts, prose, replace(_LEDGER_PAPER, rule=None, stains=1)),
        leaf(5, PageText(((),)), prose, replace(_LEDGER_PAPER, rule=None), folio=None, bleed=0.07),
        leaf(6, register[0], entries(_OLD_RECTOR), _PARCHMENT, language="Latin"),
        leaf(7, register[1], entries(_RECTOR), _PARCHMENT, bleed=0.15),
        leaf(8, register[2], entries(_CURATE), replace(_PARCHMENT, mottling=5, stains=0)),
        leaf(9, diary[0], days, _DIARY_PAPER),
        leaf(10, diary[1], days, _DIARY_PAPER),
        leaf(11, diary[2], days, replace(_DIARY_PAPER, stains=1)),
        leaf(12, diary[3], days, _DIARY_PAPER, bleed=0.0),
    ]


_CORRESPONDENTS = ("ashcombe", "brockmann", "kerlevic")
_BOUND = ("account-book", "parish-register", "naturalist-diary")
