"""The command line: `manuspect COMMAND`. Results on stdout, logs and progress on stderr.

Exit codes: 0 ok, 1 failure, 2 usage or settings, 3 some inputs failed, 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

import typer

from infra.errors import ManuspectError, SettingsError, UsageError
from ui.commands import register

FAILURE, USAGE, SOME_FAILED, INTERRUPTED = 1, 2, 3, 130

app = typer.Typer(
    name="manuspect",
    help="Search handwritten and scanned collections nobody has transcribed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
register(app)


def main() -> None:
    """The console script."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. Whatever goes wrong is told in a line, never as a stack trace."""
    try:
        code = app(list(arguments), prog_name="manuspect", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except typer.TyperException as error:
        return _refuse(error)
    except (SettingsError, UsageError) as error:
        _say(str(error))
        return USAGE
    except ManuspectError as error:
        _say(str(error))
        return FAILURE
    except (KeyboardInterrupt, typer.Abort):
        _say("Interrupted. Run the same command again to carry on.")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our results has enough of them
        return 0
    except Exception as error:
        _unexpected(error)
        return FAILURE


def _refuse(error: typer.TyperException) -> int:
    from typer.rich_utils import rich_format_error

    rich_format_error(error)  # type: ignore[arg-type]
    return error.exit_code


def _say(message: str) -> None:
    print(f"manuspect: {message}", file=sys.stderr)


def _unexpected(error: Exception) -> None:
    text = str(error).strip().splitlines()
    _say(f"A fault in the program: {type(error).__name__}{': ' + text[0] if text else ''}.")
    if os.environ.get("MANUSPECT_LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error)
    else:
        _say("Set MANUSPECT_LOG_LEVEL=debug and run it again to see where; `manuspect doctor` checks the surroundings.")


def _interrupt(_: int, __: FrameType | None) -> None:
    """A polite kill ends like Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
