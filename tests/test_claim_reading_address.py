"""Web addresses: only http and https, only articles, only so long."""

from __future__ import annotations

import gzip
import time

import pytest

from ketascope import InputError
from ketascope.claims.article import read_article
from ketascope.claims.reading.address import fetch
from public_server import Answer, public_server

PAGE = (
    b"<html><title>A page</title><p>Ketamine is <b>not</b> approved.</p><img src='/asked'><script src='/run'></script>"
)
HTML = {"Content-Type": "text/html; charset=utf-8"}


def test_a_page_is_fetched_once_and_nothing_it_names() -> None:
    with public_server() as server:
        server.replies["/page"] = lambda asked: Answer(PAGE, headers=HTML)
        article = read_article(f"{server.base}/page?a=1")
        assert (article.title, article.text, article.format) == ("A page", "Ketamine is not approved.", "html")
        assert article.origin == f"{server.base}/page?a=1"
        assert [asked.path for asked in server.asked] == ["/page"]
        assert "Cookie" not in server.asked[0].headers


def test_redirects_are_followed_up_to_the_limit() -> None:
    with public_server() as server:
        for number in range(7):
            headers = {"Location": f"/{number + 1}"}
            server.replies[f"/{number}"] = lambda asked, headers=headers: Answer(b"", 302, headers)
        server.replies["/7"] = lambda asked: Answer(PAGE, headers=HTML)
        assert read_article(f"{server.base}/2").origin == f"{server.base}/7"
        with pytest.raises(InputError, match="sends on more than 5 times"):
            read_article(f"{server.base}/1")


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://example.org/", "javascript:alert(1)", "data:text/html,hi"]
)
def test_a_redirect_to_another_scheme_is_refused(target: str) -> None:
    with public_server() as server:
        server.replies["/"] = lambda asked: Answer(b"", 301, {"Location": target})
        with pytest.raises(InputError, match="only http and https"):
            read_article(f"{server.base}/")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(b"x", 404, HTML), "nothing is there"),
        (Answer(b"x", 403, HTML), "it refuses"),
        (Answer(b"x", 500, HTML), "status 500"),
        (Answer(b"GIF89a", headers={"Content-Type": "image/gif"}), "is of type 'image/gif'"),
        (Answer(b"{}", headers={"Content-Type": "application/json"}), "is of type 'application/json'"),
        (Answer(b"", headers=HTML), "is empty"),
        (Answer(b"x" * 10_000_001, headers=HTML), "longer than 10 MB"),
        (Answer(gzip.compress(b"x" * 60_000_000), headers=HTML | {"Content-Encoding": "gzip"}), "longer than 10 MB"),
        (Answer(b"junk", headers=HTML | {"Content-Encoding": "gzip"}), "cannot be unpacked"),
        (Answer(b"junk", headers=HTML | {"Content-Encoding": "br"}), "packed as 'br'"),
        (Answer(PAGE, headers=HTML, length=5000), "cannot reach"),
        (Answer(b"\x89PNG\r\n\x1a\n", headers={"Content-Type": "application/octet-stream"}), "PNG"),
    ],
)
def test_what_is_no_article_is_one_line(answer: Answer, words: str) -> None:
    with public_server() as server:
        server.replies["/"] = lambda asked: answer
        with pytest.raises(InputError, match=words) as caught:
            read_article(f"{server.base}/")
        assert "\n" not in str(caught.value)


def test_a_packed_page_is_unpacked() -> None:
    with public_server() as server:
        headers = HTML | {"Content-Encoding": "gzip"}
        server.replies["/"] = lambda asked: Answer(gzip.compress(PAGE), headers=headers)
        assert read_article(f"{server.base}/").text == "Ketamine is not approved."


def test_a_server_that_drips_is_given_up() -> None:
    with public_server() as server:
        server.replies["/"] = lambda asked: Answer(PAGE, headers=HTML, piece_bytes=1, pause_s=0.05)
        start = time.perf_counter()
        with pytest.raises(InputError, match="did not answer in full within 0.5 s"):
            fetch(f"{server.base}/", seconds=0.5)
        assert time.perf_counter() - start < 3


def test_no_server_and_no_such_name() -> None:
    with public_server() as server:
        gone = server.base
    with pytest.raises(InputError, match="cannot reach"):
        read_article(f"{gone}/page")
    with pytest.raises(InputError, match="cannot reach|not a web address"):
        read_article("http://no-such-host.invalid/")


def test_a_login_is_not_shown() -> None:
    with public_server() as server:
        server.replies["/"] = lambda asked: Answer(PAGE, headers=HTML)
        article = read_article(server.base.replace("http://", "http://me:hush@") + "/")
        assert "hush" not in article.origin
