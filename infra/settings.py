"""All settings in one frozen class, built once at the entry points and passed down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from infra.errors import SettingsError

PREFIX = "MANUSPECT_"


class Settings(BaseSettings):
    """Read from the environment (prefix `MANUSPECT_`); any value may come from the file named by `..._FILE`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    home: Path = Field(Path.home() / ".manuspect", description="Folder of the embedded state.")
    database_url: SecretStr | None = Field(None, description="SQLAlchemy URL of the catalogue; unset: SQLite in home.")
    files_url: str | None = Field(None, description="fsspec URL of the page images; unset: a folder in home.")
    qdrant_url: str | None = Field(None, description="Qdrant server URL; unset: Qdrant Edge in home.")
    qdrant_api_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")
    broker_url: SecretStr | None = Field(None, description="Redis URL for Celery; unset: jobs run in line.")

    model: str = Field("handwriting", description="`handwriting`, an open_clip NAME[:PRETRAINED], or a local path.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where the model runs.")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field("auto", description="Arithmetic of the model.")
    prompts: Literal["auto", "plain", "word", "picture"] = Field(
        "auto", description="Sentences around a query: none, about a written word, about a picture; auto: by the model."
    )
    embed_batch: int = Field(256, ge=1, description="Crops in one forward pass.")
    processes: int = Field(0, ge=0, description="Page processes of the in-line pipeline; 0: one per core, at most 4.")

    watch_minutes: float = Field(60.0, ge=0, description="Between two looks at watched places; 0: never.")
    renew_minutes: float = Field(10.0, ge=0, description="Between two looks for a new model or segmenter; 0: never.")
    optimize_hours: float = Field(24.0, ge=0, description="Between two optimisations of the index; 0: never.")
    adapt_hours: float = Field(
        24.0, ge=0, description="Least time between two unasked adaptations to a collection, hours; 0: only when asked."
    )
    adapt_words: int = Field(2_000, ge=1, description="Words a collection needs before it is adapted to unasked.")
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of the workers' Prometheus metrics; 0: none.")

    max_file_bytes: int = Field(8 << 30, ge=1, description="Largest input file, bytes.")
    max_pages: int = Field(20_000, ge=1, description="Most pages of one document.")
    max_pixels: int = Field(400_000_000, ge=1, description="Most pixels of one page.")
    max_side: int = Field(60_000, ge=1, description="Longest side of one page, pixels.")
    page_timeout: float = Field(300.0, gt=0, description="Longest time for one page, seconds.")

    http_allow_private: bool = Field(False, description="Let manifests lead to private and loopback addresses.")
    http_timeout: float = Field(30.0, gt=0, description="Longest wait for one answer, seconds.")
    http_max_bytes: int = Field(512 << 20, ge=1, description="Largest single download, bytes.")
    http_delay: float = Field(0.1, ge=0, description="Pause between requests to one host, seconds.")
    http_retries: int = Field(4, ge=0, description="Retries of one request.")
    user_agent: str = Field("Manuspect/0.1", description="How outgoing requests introduce themselves.")

    index_lock_timeout: float = Field(30.0, ge=0, description="Longest wait for the embedded index, seconds.")
    base_url: str = Field("http://127.0.0.1:8501", description="Public address, in the IIIF ids of local files.")

    oidc_metadata_url: str | None = Field(None, description="OpenID Connect discovery URL; set: sign-in is needed.")
    oidc_client_id: str = Field("", description="Client id at the OpenID provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Client secret at the OpenID provider.")
    cookie_secret: SecretStr | None = Field(None, description="Signs the portal's cookies; needed with OpenID Connect.")
    groups_claim: str = Field("groups", description="Claim of the identity token that lists a person's groups.")
    manager_groups: str = Field("", description="Groups that may add and remove, by commas; empty: all.")
    viewers: str = Field(
        "Mirador=https://projectmirador.org/embed/?iiif-content={manifest}; "
        "Universal Viewer=https://uv-v4.netlify.app/#?manifest={manifest}&cv={index}&xywh={xywh}",
        description="Other IIIF viewers a page can be opened in: NAME=ADDRESS, by semicolons; empty: none.",
    )
    import_folders: str = Field("", description="Folders the portal adds from, by colons; empty: any, if local.")
    max_upload_mb: int = Field(200, ge=1, description="Largest file uploaded in the portal, megabytes.")

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least log level shown.")
    log_json: bool = Field(False, description="Logs as JSON lines.")

    @property
    def files_root(self) -> str:
        """fsspec URL under which the page images lie."""
        return self.files_url or (self.home.absolute() / "files").as_uri()

    @property
    def catalogue_url(self) -> str:
        """SQLAlchemy URL of the catalogue."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home.absolute() / 'catalogue.sqlite3'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then files named by `..._FILE`."""
        return init_settings, env_settings, _FilesNamedByEnvironment(settings_cls)


class _FilesNamedByEnvironment(PydanticBaseSettingsSource):
    """`MANUSPECT_X_FILE=/run/secrets/x` gives setting x the file's content, as container secrets come."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{PREFIX}{field_name.upper()}_FILE: cannot read {path}: {error}") from error

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def load_settings(**overrides: object) -> Settings:
    """Build the settings; `SettingsError` names each one that is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = [f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise SettingsError("; ".join(wrong)) from error
