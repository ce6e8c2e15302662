"""The documentation tells of every setting, command, option and error, and of none that is not there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import SecretStr

from infra import errors
from infra.settings import PREFIX, Settings
from ui.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TEXTS = [ROOT / "README.md", ROOT / "samples/README.md", *sorted(DOCS.glob("*.md"))]
SETTINGS = Settings.model_fields
ERRORS = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
ENVIRONMENT_OF_TESTS = {f"{PREFIX}TEST_QDRANT_URL"}


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Name, `evaluate words` for example, and the click command of each command."""
    command = command or typer.main.get_command(app)
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))
    if path and not getattr(command, "commands", None):
        yield " ".join(path), command


COMMANDS = dict(commands())


def options(name: str) -> list[Any]:
    return [parameter for parameter in COMMANDS[name].params if parameter.opts[0].startswith("-")]


def rows(text: str) -> dict[str, list[str]]:
    """Tables by what their first column has in code marks, to the other columns."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| `"):
            found[cells[0]] = cells[1:]
    return found


def section(name: str) -> str:
    """What docs/commands.md says of a command."""
    parts = re.split(r"(?m)^## manuspect ", (DOCS / "commands.md").read_text(encoding="utf-8"))
    return dict(part.split("\n", 1) for part in parts[1:])[name]


def as_written(default: object) -> str:
    """A default as the tables write it."""
    if default is None:
        return "unset"
    if default == "":
        return "empty"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{default}`"


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_its_row_with_its_default(name: str):
    default = SETTINGS[name].default
    assert not isinstance(default, SecretStr)
    row = rows((DOCS / "configuration.md").read_text(encoding="utf-8"))[f"`{PREFIX}{name.upper()}`"]
    expected = "`~/.manuspect`" if name == "home" else as_written(default)
    assert row[0] == expected
    assert len(row[1]) > 10


def test_no_document_names_a_setting_that_is_not_there():
    known = {f"{PREFIX}{name.upper()}" for name in SETTINGS}
    known |= {f"{name}_FILE" for name in known} | ENVIRONMENT_OF_TESTS
    for path in TEXTS:
        named = set(re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8")))
        assert named <= known, path


def test_every_command_has_its_section_and_no_other_has():
    found = re.findall(r"(?m)^## manuspect (.+)$", (DOCS / "commands.md").read_text(encoding="utf-8"))
    assert sorted(found) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_its_row_and_no_other_has(name: str):
    documented = {cell for cell in rows(section(name)) if cell.startswith("`-")}
    assert documented == {", ".join(f"`{opt}`" for opt in option.opts) for option in options(name)}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_defaults_of_options_are_as_told(name: str):
    told = rows(section(name))
    for option in options(name):
        if isinstance(option.default, (int, float, str)) and not isinstance(option.default, bool):
            assert told[", ".join(f"`{opt}`" for opt in option.opts)][0] == as_written(option.default)


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_every_error_has_its_row(name: str):
    assert f"`{name}`" in rows((DOCS / "errors.md").read_text(encoding="utf-8"))


def test_no_document_names_an_error_that_is_not_there():
    for path in TEXTS:
        named = set(re.findall(r"`([A-Z]\w+Error)`", path.read_text(encoding="utf-8")))
        assert named <= ERRORS, path


def called(text: str) -> Iterator[list[str]]:
    """The words after `manuspect` wherever a document shows a command to be typed."""
    shown = re.findall(r"(?m)^\s*(?:\$ )?manuspect (.+)$", text) + re.findall(r"`manuspect ([^`]+)`", text)
    for line in shown:
        yield shlex.split(line.split(" | ")[0], comments=True)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_in_the_documents_are_taken_by_the_program(path: Path):
    for words in called(path.read_text(encoding="utf-8")):
        if words[0].isupper():
            continue  # the general form, COMMAND
        two = " ".join(words[:2])
        name = two if two in COMMANDS else words[0]
        group = any(command.startswith(f"{words[0]} ") for command in COMMANDS)
        assert name in COMMANDS or (group and len(words) == 1), f"no such command: {' '.join(words)}"
        if name != " ".join(words):  # a command's bare name may stand in a sentence
            context = COMMANDS[name].make_context(name, words[len(name.split()) :], resilient_parsing=False)
            context.close()


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_paths_lead_somewhere(path: Path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("target", re.findall(r"(?m)^\s*make ([a-z-]+)", (ROOT / "README.md").read_text("utf-8")))
def test_the_make_targets_of_the_readme_exist(target: str):
    assert re.search(rf"(?m)^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"))


def test_the_folders_in_the_architecture_are_there():
    for cell in rows((DOCS / "architecture.md").read_text(encoding="utf-8")):
        assert (ROOT / cell.strip("`")).exists(), cell
