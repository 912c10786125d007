"""Public files onto this computer: with retries, resumption, a checksum, and a clear line when it cannot be done.

`plans` says what is fetched for each source, `fetching` brings one file, `locator_pages` the answers of the locator
(`locator_answers` checks each), `release_pages` reads which files a publisher's page offers, `connection` is the only
part that speaks HTTP, `records` is what is written down beside a finished file. Addresses and limits stand in
`care/data/downloads.toml`.
"""

from ketascope.care.download.plans import DEFAULT_NAMES, download
from ketascope.care.download.records import Download, downloads_in, verified

__all__ = ["DEFAULT_NAMES", "Download", "download", "downloads_in", "verified"]
