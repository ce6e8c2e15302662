"""The error tree drawn at the head of infra/errors.py is the tree in the code."""

import inspect

import infra.errors as errors
from infra.errors import CorruptError, ManuspectError


def _drawn() -> set[str]:
    lines = (errors.__doc__ or "").splitlines()
    return {line.split("─")[-1].split()[0] for line in lines if "── " in line} | {"ManuspectError"}


def test_the_drawing_matches_the_classes() -> None:
    classes = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ManuspectError)}
    assert _drawn() == classes


def test_an_input_error_says_where() -> None:
    error = CorruptError("The file ends early.", input="a.pdf", page=3)
    assert str(error) == "a.pdf, page 3: The file ends early."
    assert str(CorruptError("Broken.").at(input="b.tif")) == "b.tif: Broken."
    assert str(CorruptError("Broken.", page=2).at(input="b.tif", page=9)) == "b.tif, page 2: Broken."
