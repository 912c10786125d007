"""What is fetched for each source, and under which name it is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ketascope.care.download.addresses import rebased, sources
from ketascope.care.download.connection import AddressFault, Patience, Progress, Unreachable, check_address
from ketascope.care.download.fetching import fetch
from ketascope.care.download.locator_answers import question
from ketascope.care.download.locator_pages import fetch_pages
from ketascope.care.download.records import Download
from ketascope.care.download.release_pages import fetch_releases
from ketascope.errors import InputError, did_you_mean

DEFAULT_NAMES: tuple[str, ...] = ("findtreatment", "samhsa-directory")
_CHECKED = {
    "code": "the address is known from other programs and could not be tried when this version was made",
    "text": "the address is known from a text and could not be tried when this version was made",
}


@dataclass(frozen=True)
class _Wish:
    """What the caller asked for, the same for every source."""

    folder: Path
    near: tuple[float, float] | None
    within_km: float | None
    year: int | None
    base: str | None
    patience: Patience | None
    progress: Progress | None


def download(
    names: Sequence[str] = DEFAULT_NAMES,
    folder: Path | str = ".",
    *,
    near: tuple[float, float] | None = None,
    within_km: float | None = None,
    year: int | None = None,
    base: str | None = None,
    patience: Patience | None = None,
    progress: Progress | None = None,
    failed: dict[str, str] | None = None,
) -> list[Download]:
    """Public files in `folder`, which is made if need be; what an earlier call left half-done is gone on with.

    Args:
        names: of the sources in downloads.toml; each at most once.
        folder: where the files go.
        near: latitude and longitude in degrees; the locator is then asked around this point, which its server sees.
        within_km: how far around `near`.
        year: edition of the yearly directory; by default the newest whose layout was seen.
        base: another server that offers the same paths, such as http://localhost:8000.
        patience: attempts and waits; by default those of downloads.toml.
        progress: called with (done, in all or 0, label).
        failed: where given, a source that cannot be fetched is noted there with the reason and the others go on.

    Raises InputError, one line, at the first source that fails, or where all do; what was finished stays finished.
    """
    table = sources()
    for name in names:
        if name not in table:
            hint = did_you_mean(name, table, otherwise=f"; there are {', '.join(table)}")
            raise InputError(f"unknown source '{name}'{hint}")
    _check_wish(names, near, within_km, year)
    if base is not None:
        check_address(base)
    where = Path(folder)
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {where}: {error.strerror}; choose another") from None
    wish = _Wish(where, near, within_km, year, base, patience, progress)
    done: list[Download] = []
    for name in dict.fromkeys(names):
        try:
            done += _fetched(name, table[name], wish)
        except InputError as error:
            if failed is None:
                raise
            failed[name] = str(error)
    if failed and not done:
        raise InputError(next(iter(failed.values())))
    return done


def _fetched(name: str, row: dict[str, Any], wish: _Wish) -> list[Download]:
    try:
        return _PLANS[row["plan"]](row, wish)
    except AddressFault as error:
        message = f"{name}: {error}; {_CHECKED[row['checked']]}; look for the file at {row['page']}, save it, and run"
        raise InputError(f"{message} `ketascope providers build FILE`; the store is untouched") from None
    except Unreachable as error:
        raise InputError(f"{name}: {error} (from {row['page']})") from None
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def _check_wish(
    names: Sequence[str], near: tuple[float, float] | None, within_km: float | None, year: int | None
) -> None:
    """An option that no chosen source listens to would silently do nothing."""
    plans = {sources()[name]["plan"] for name in names}
    if "locator pages" in plans:
        question(None, near, within_km)
    elif near is not None or within_km is not None:
        raise InputError(f"a place narrows only findtreatment, not {', '.join(names)}; leave it out")
    if year is not None and "yearly file" not in plans:
        raise InputError(f"a year chooses among editions of samhsa-directory, not of {', '.join(names)}; leave it out")
    for name in names:
        if year is not None and sources()[name]["plan"] == "yearly file":
            # Before anything else is fetched, which may take long.
            _edition_url(sources()[name], year)


def _locator(row: dict[str, Any], wish: _Wish) -> list[Download]:
    asked = question(rebased(row["url"], wish.base), wish.near, wish.within_km)
    target = wish.folder / row["file" if wish.near is None else "file_near"]
    return [fetch_pages(asked, target, patience=wish.patience, progress=wish.progress)]


def _yearly(row: dict[str, Any], wish: _Wish) -> list[Download]:
    year = row["year"] if wish.year is None else wish.year
    url = _edition_url(row, year)
    return [_file(rebased(url, wish.base), row["file"].format(year=year), row, wish)]


def _edition_url(row: dict[str, Any], year: int) -> str:
    url = row["years"].get(str(year))
    if url is None:
        raise InputError(f"no address is known for the edition of {year}; there are {', '.join(sorted(row['years']))}")
    return str(url)


def _newest(row: dict[str, Any], wish: _Wish) -> list[Download]:
    return _released(row, wish, slice(-1, None))


def _every(row: dict[str, Any], wish: _Wish) -> list[Download]:
    return _released(row, wish, slice(None))


def _released(row: dict[str, Any], wish: _Wish, which: slice) -> list[Download]:
    page = rebased(row["url"], wish.base)
    found = fetch_releases(page, row["release"], patience=wish.patience, progress=wish.progress)
    return [_file(_at_base(release.url, wish.base), release.name, row, wish) for release in found[which]]


def _at_base(url: str, base: str | None) -> str:
    """A link of a page at `base`: one that is relative leads there already, one to the publisher is turned back."""
    at_base = base is not None and urlsplit(url).netloc == urlsplit(base).netloc
    return url if at_base else rebased(url, base)


def _file(url: str, name: str, row: dict[str, Any], wish: _Wish) -> Download:
    return fetch(
        url,
        wish.folder / name,
        patience=wish.patience,
        progress=wish.progress,
        largest_bytes=row["largest_bytes"],
        form="zip",
    )


_PLANS: dict[str, Callable[[dict[str, Any], _Wish], list[Download]]] = {
    "locator pages": _locator,
    "yearly file": _yearly,
    "newest release": _newest,
    "every release": _every,
}
