"""`manuspect doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from ui.commands.opening import open_settings
from ui.commands.showing import print_json


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a check.")] = False,
) -> int:
    """Check the surroundings: programs, libraries, disk, database, model, index, and the settings in force."""
    from ui.checks import all_checks

    failed = False
    for check in all_checks(open_settings()):
        failed = failed or check.ok is False
        if as_json:
            print_json({"check": check.name, "ok": check.ok, "detail": check.detail})
        else:
            mark = {True: "ok", False: "FAILED", None: "-"}[check.ok]
            print(f"{mark:7} {check.name:12} {check.detail}", flush=True)
    return 1 if failed else 0
