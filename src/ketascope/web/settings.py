"""The limits of the web app, from `settings.toml`."""

from __future__ import annotations

from dataclasses import dataclass

from ketascope.files import packaged_toml


@dataclass(frozen=True)
class Settings:
    """What one visitor may ask, and how much of the machine the app uses; see `settings.toml` for each."""

    patients_most: int
    options_most: int
    sentence_characters_most: int
    query_bytes_most: int
    body_bytes_most: int
    article_characters_most: int
    seconds_most: float
    pool_workers: int
    queue_most: int
    retry_after_s: int
    cache_bytes_most: int


def load_settings() -> Settings:
    """The packaged settings."""
    return Settings(**packaged_toml("web/settings.toml"))
