"""The page of audits: a text or a file in, the marked article out; nothing fetched, nothing kept, nothing run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from audit_documents import TEXT
from ketascope.claims.auditing import audit
from ketascope.report.audit_page import audit_html
from page_reading import flat
from web_client import WebClient, web_client

HOSTILE = "<script>alert('x')</script> & \"quoted\" {{ 7*7 }} </textarea><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    with web_client() as made:
        yield made


def read(text: str) -> LexborHTMLParser:
    return LexborHTMLParser(text)


def pasted(text: str, **fields: str) -> dict[str, Any]:
    """A form as a browser sends it, with a text and no file."""
    parts = {"text": text, "no_live": "yes", **fields}
    return {"files": {name: (None, value.encode()) for name, value in parts.items()}}


def uploaded(name: str, content: bytes, **fields: str) -> dict[str, Any]:
    return {"files": {"file": (name, content)}, "data": {"no_live": "yes", **fields}}


# The form


def test_the_form_takes_a_text_or_a_file_by_post_alone(client):
    page = read(client.get("/audit").text)
    (form,) = page.css("form")
    assert (form.attributes["method"], form.attributes["action"]) == ("post", "/audit")
    assert form.attributes["enctype"] == "multipart/form-data"
    assert {node.attributes["name"] for node in form.css("[name]")} == {"text", "file", "no_live"}
    assert "up to 10 MB" in form.text()
    assert "fetches nothing from others" in flat(form.text())
    assert all(page.css(f"label[for={name}]") for name in ("text", "file"))


def test_an_article_is_never_part_of_an_address(client):
    assert client.get("/audit?text=Ketamine+works").status_code == 400
    assert client.post("/audit?text=Ketamine", **pasted(TEXT)).status_code == 400
    assert client.get("/audit.json").status_code == 405
    assert client.get("/audit.json").headers["allow"] == "POST"


# Page and twin


def test_page_and_json_carry_the_audit_of_the_library(client):
    document = client.post("/audit.json", **pasted(TEXT)).json()
    assert document == audit("pasted text", content=TEXT.encode(), live=False)
    page = read(client.post("/audit", **pasted(TEXT)).text)
    assert len(page.css("article.card")) == len(document["claims"])
    assert document["summary"]["words"] in page.css_first(".summary").text()
    for number, row in enumerate(document["claims"], 1):
        card = flat(page.css_first(f"#claim-{number}").text())
        assert row["statement"] in card
        assert row["verdict"].capitalize() in card


def test_the_page_shows_the_cards_of_the_offline_page(client):
    offline = read(audit_html(audit("article.md", content=TEXT.encode(), live=False)))
    online = read(client.post("/audit", **uploaded("article.md", TEXT.encode())).text)
    for part in (".summary", "section[aria-labelledby=article]", "section[aria-labelledby=quality]"):
        assert flat(online.css_first(part).html) == flat(offline.css_first(part).html), part


def test_the_same_article_gives_the_same_bytes(client):
    first, again = (client.post("/audit.json", **uploaded("a.txt", TEXT.encode())) for _ in range(2))
    assert first.content == again.content
    assert first.json()["article"]["origin"] == "a.txt"


def test_line_ends_of_a_browser_change_no_claim(client):
    unix, browser = (
        client.post("/audit.json", **pasted(text)).json()["claims"] for text in (TEXT, TEXT.replace("\n", "\r\n"))
    )
    assert unix == browser


def test_what_is_computed_for_one_article_serves_the_next(client, monkeypatch):
    import ketascope.claims.auditing

    asked: list[dict[str, Any]] = []

    def noted(source: str, **choices: Any) -> dict[str, Any]:
        asked.append(choices)
        return audit(source, **{**choices, "live": False})

    monkeypatch.setattr(ketascope.claims.auditing, "audit", noted)
    for text in (TEXT, f"{TEXT} Ketamine has no risks."):
        assert client.post("/audit.json", files={"text": (None, text)}).status_code == 200
    assert [choices["live"] for choices in asked] == [True, True]
    assert asked[0]["bench"] is asked[1]["bench"]


# Errors


@pytest.mark.parametrize("text", ["https://example.org/article", " http://127.0.0.1:8000/health ", "www.example.org/x"])
def test_an_address_is_not_fetched_and_the_line_says_why(client, text, monkeypatch):
    import ketascope.claims.reading.address

    def fetched(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(ketascope.claims.reading.address, "fetch", fetched)
    answer = client.post("/audit", **pasted(text))
    assert answer.status_code == 400
    page = read(answer.text)
    line = flat(page.css_first("#problem-text").text())
    assert "fetches nothing from others" in line
    assert "ketascope audit ADDRESS" in line
    assert page.css_first("textarea").text().strip() == text.strip()
    assert client.post("/audit.json", **uploaded("https://example.org/x", TEXT.encode())).status_code == 200


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        (pasted(""), "text", "paste a text or choose a file"),
        (pasted("  \n "), "text", "paste a text or choose a file"),
        (uploaded("a.txt", b""), "file", "a.txt is empty"),
        (uploaded("a.txt", TEXT.encode(), text=TEXT), "file", "a text and a file were given"),
        (uploaded("a.bin", bytes(range(256)) * 40), "file", "binary, not text"),
        (uploaded("a.pdf", b"%PDF-1.7 \x00\xff broken"), "file", "a.pdf"),
        (uploaded("a.png", b"\x89PNG\r\n\x1a\n" + bytes(400)), "file", "a.png"),
        (
            pasted("Le chat est sur la table et il dort tout le jour dans la maison avec ses amis." * 3),
            "text",
            "English",
        ),
        (pasted(TEXT, no_live="perhaps"), "no_live", "write yes"),
        ({"files": {"text": ("a.txt", TEXT.encode())}}, "text", "send it as the field 'file'"),
        ({"files": {"file": (None, TEXT.encode())}}, "file", "send it as the field 'text'"),
    ],
)
def test_an_error_stands_beside_its_field(client, form, field, words):
    answer = client.post("/audit", **form)
    assert answer.status_code == 400
    page = read(answer.text)
    assert words in flat(page.css_first(f"#problem-{field}").text())
    twin = client.post("/audit.json", **form)
    assert twin.status_code == 400
    assert words in twin.json()["error"]


def test_the_form_comes_back_filled(client):
    page = read(client.post("/audit", **pasted("https://example.org")).text)
    assert page.css_first("textarea").text().strip() == "https://example.org"
    assert page.css_first("input[name=no_live]").attributes.keys() >= {"checked"}
    assert page.css_first("textarea").attributes["aria-invalid"] == "true"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\ngarbage"),
        ("multipart/form-data; boundary=x", b"\x00\xff" * 400),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nhi\r\n--x--\r\n"),
        ("application/x-www-form-urlencoded", b"text=Ketamine"),
        ("text/plain", TEXT.encode()),
        ("application/json", b"{}"),
        ("", b""),
    ],
)
def test_a_body_that_is_no_such_form_is_one_line(client, kind, body):
    answer = client.post("/audit.json", content=body, headers={"content-type": kind} if kind else {})
    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}
    assert "\n" not in answer.json()["error"]


def test_fields_that_are_unknown_or_given_twice_are_refused(client):
    unknown = client.post("/audit.json", **pasted(TEXT, txt="x"))
    assert unknown.status_code == 400
    twice = client.post("/audit.json", files=[("text", (None, TEXT)), ("text", (None, TEXT))])
    assert "given more than once" in twice.json()["error"]
    files = client.post("/audit.json", files=[("file", ("a.txt", b"x")), ("file", ("b.txt", b"y"))])
    assert "Too many files" in files.json()["error"]


# Limits


def test_a_body_over_the_limit_is_refused_with_the_form():
    with web_client(body_bytes_most=20_000) as small:
        answer = small.post("/audit", **uploaded("long.txt", b"Ketamine works. " * 2000))
        twin = small.post("/audit.json", **uploaded("long.txt", b"Ketamine works. " * 2000))
        fits = small.post("/audit.json", **uploaded("a.txt", TEXT.encode()))
    assert (answer.status_code, twin.status_code, fits.status_code) == (413, 413, 200)
    assert "larger than 0.02 MB" in flat(read(answer.text).css_first("#problem-file").text())
    assert "larger than 0.02 MB" in twin.json()["error"]


def test_a_file_of_ten_megabytes_is_taken_in_but_so_long_a_text_is_not_searched(client):
    answer = client.post("/audit.json", **uploaded("long.txt", b"Ketamine works. " * 620_000))
    assert answer.status_code == 400
    assert "characters of text, more than the 300,000 that are read here" in answer.json()["error"]


def test_a_pasted_text_may_be_longer_than_a_part_of_a_form_usually_is(client):
    answer = client.post("/audit.json", **pasted("The clinic opens at nine in the morning. " * 30_000))
    assert "pasted text holds 1,2" in answer.json()["error"]


# Private and safe


def test_nothing_of_an_article_is_kept_or_written_to_a_disk(monkeypatch):
    import tempfile

    def rolled(*_: object) -> None:
        raise AssertionError("an upload went to a disk")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", rolled)
    with web_client() as fresh:
        answer = fresh.post("/audit", **uploaded("a.html", b"<p>Ketamine has no side effects.</p>" + b" " * 3_000_000))
        counts = fresh.get("/health").json()["computing"]
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert counts["computed"] == 1
    assert counts["kept"] == counts["kept_bytes"] == counts["waiting"] == 0


def test_hostile_text_stays_text(client):
    text = f"Ketamine has no side effects {HOSTILE}. Ketamine is FDA-approved for anxiety {HOSTILE}."
    for answer in (
        client.post("/audit", **pasted(text)),
        client.post("/audit", **pasted(text, txt="x")),
        client.post("/audit", **uploaded(f"{HOSTILE}.txt", text.encode())),
        client.post("/audit", **uploaded("a.txt", b"x", text=text)),
    ):
        page = read(answer.text)
        assert all(node.attributes.get("src") for node in page.css("script"))
        assert page.css("img") == []
        assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", answer.text)
        assert " 49 " not in page.css_first("main").text(deep=True)


@pytest.mark.parametrize("form", [pasted(TEXT), pasted("https://x.org")], ids=["audited", "refused"])
def test_the_page_obeys_its_policy_and_has_unique_ids(client, form):
    text = client.post("/audit", **form).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)|javascript:", text)
    page = read(text)
    ids = [node.attributes["id"] for node in page.css("[id]")]
    assert len(ids) == len(set(ids))
    assert {str(node.attributes["href"])[1:] for node in page.css("a[href^='#']")} <= set(ids)
    assert "988" in text


def test_the_style_sheet_holds_the_pieces_of_the_report(client):
    style = client.get("/static/audit.css").text
    assert "{{" not in style
    for rule in (".v-supported", ".v-wrong", ".card", ".bar", "textarea", "@media print"):
        assert rule in style
