"""The compose file calls commands that exist, with settings that exist, as an unprivileged user, with health checks."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from infra.settings import PREFIX, Settings
from ui.cli import app

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (INFRA / "Dockerfile").read_text("utf-8")


def test_every_part_is_there():
    assert {"redis", "postgres", "qdrant", "worker-cpu", "worker-gpu", "beat", "portal"} <= set(SERVICES)
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]
    assert SERVICES["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]


@pytest.mark.parametrize("name", OURS)
def test_commands_are_taken_by_the_program(name: str):
    command, *arguments = OURS[name]["command"]
    found = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    found.make_context(command, list(arguments)).close()


@pytest.mark.parametrize("name", OURS)
def test_settings_exist_and_are_taken(name: str, monkeypatch: pytest.MonkeyPatch):
    given = OURS[name]["environment"]
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    assert set(given) <= known
    for key, value in given.items():
        monkeypatch.setenv(key, filled_in(str(value)))
    settings = Settings()  # type: ignore[call-arg]
    assert settings.database_url and settings.broker_url and settings.qdrant_url and settings.files_url


def test_every_variable_is_in_the_example_and_no_other():
    used = set(re.findall(r"\$\{([A-Z_]+)", (INFRA / "compose.yaml").read_text("utf-8")))
    offered = set(re.findall(r"(?m)^([A-Z_]+)=", (INFRA / ".env.example").read_text("utf-8")))
    assert used == offered


def test_no_secret_has_a_default():
    for name, default in re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", (INFRA / "compose.yaml").read_text("utf-8")):
        assert not re.search("PASSWORD|KEY|SECRET", name), f"{name} has the default {default}"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_and_comes_back(name: str):
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL") and "interval" in check and "retries" in check


def test_checks_of_workers_are_programs_that_exist_and_ask_for_their_own_queue():
    for name, service in OURS.items():
        if service["command"][0] != "worker":
            continue
        program, role = service["healthcheck"]["test"][-2:]
        assert importlib.util.find_spec(program), name
        assert role in service["command"] or f"--{role}" in service["command"]


@pytest.mark.parametrize("name", OURS)
def test_ours_wait_for_servers_and_may_do_little(name: str):
    service = OURS[name]
    assert {key: value["condition"] for key, value in service["depends_on"].items()} == dict.fromkeys(
        ["postgres", "redis", "qdrant"], "service_healthy"
    )
    assert service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service


def test_the_broker_refuses_rather_than_forgets_and_keeps_over_a_restart():
    words = SERVICES["redis"]["command"]
    assert words[words.index("--maxmemory-policy") + 1] == "noeviction"
    assert words[words.index("--appendonly") + 1] == "yes"


def test_volumes_are_declared_and_only_the_portal_is_reached_from_outside():
    named = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if volume[0] not in "$./"
    }
    assert named == set(COMPOSE["volumes"])
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"portal": ["${PORTAL_ADDRESS:-127.0.0.1}:8501:8501"]}


def test_images_are_pinned():
    for service in SERVICES.values():
        assert "build" in service or re.search(r":.*\d", service["image"])
    assert not re.search(r"(?m)^FROM \S+:latest|^FROM [^:\s]+( |$)", DOCKERFILE)


def test_the_image_runs_unprivileged_and_copies_what_it_needs():
    [user] = re.findall(r"(?m)^USER (\d+):\1$", DOCKERFILE)
    assert int(user) > 0 and f"--uid {user}" in DOCKERFILE
    assert DOCKERFILE.index("USER ") < DOCKERFILE.index("ENTRYPOINT")
    for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", DOCKERFILE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source not in (ROOT / ".dockerignore").read_text("utf-8").split()
    for package in ("infra", "ingest", "search", "workers", "ui"):
        assert f"COPY {package} {package}" in DOCKERFILE
    assert "rm -rf /var/lib/apt/lists/*" in DOCKERFILE and "--no-install-recommends" in DOCKERFILE


def test_the_dockerfile_is_as_the_linter_wants_it():
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, "--no-color", INFRA / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def filled_in(value: str) -> str:
    """Variables of compose with their defaults, or a text."""
    return re.sub(r"\$\{[A-Z_]+(?::([-?])([^}]*))?\}", lambda m: m[2] if m[1] == "-" else "secret", value)
