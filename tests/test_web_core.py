"""What holds for every page of the web app: headers, limits, error pages, files, the description for programs."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import threading
from collections.abc import Iterator

import pytest
from fastapi import Request, Response
from markupsafe import Markup

from ketascope.charts import Chart
from ketascope.claims.live import Bench
from ketascope.errors import InputError
from ketascope.web.app import create_app
from ketascope.web.assets import asset, asset_address
from ketascope.web.computing import computing_of
from ketascope.web.figures import KINDS, figure, picture
from ketascope.web.middleware import POLICY, SECURITY_HEADERS
from ketascope.web.queries.reading import check_names
from ketascope.web.rendering import NAVIGATION, answer, json_page
from ketascope.web.routes import audit as audit_route
from ketascope.web.serving import listening, warm_up
from web_client import WebClient, web_client

SPEC = {"data": {"values": [{"a": 1, "b": 2}]}, "mark": "point", "encoding": {"x": {"field": "a"}, "y": {"field": "b"}}}
ROWS = [{"time": "2 h", "change": 1.5}, {"time": "<b>24 h", "change": None}]
CHART = Chart("course", "Course & more", SPEC, 'From "one" to two.', ROWS)


@pytest.fixture
def client() -> Iterator[WebClient]:
    with web_client() as made:
        yield made


def add(client: WebClient, path: str, handler: object, methods: tuple[str, ...] = ("GET",)) -> None:
    client.app.add_api_route(path, handler, methods=list(methods), include_in_schema=False)


# --- headers


@pytest.mark.parametrize("address", ["/health", "/api", "/static/app.css", "/no-such-page", "/no-such-page.json"])
def test_every_answer_carries_the_security_headers_and_sets_no_cookie(client, address):
    headers = client.get(address).headers
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "set-cookie" not in headers


def test_the_policy_allows_no_inline_script_no_eval_and_no_other_host():
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert POLICY.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in POLICY


@pytest.mark.parametrize("address", ["/api", "/no-such-page"])
def test_no_page_has_an_inline_style_or_script(client, address):
    text = client.get(address).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)|javascript:", text)


@pytest.mark.parametrize("address", ["/api", "/no-such-page"])
def test_every_page_has_a_helpline_a_skip_link_and_all_pages_in_its_navigation(client, address):
    text = client.get(address).text
    assert "988" in text
    assert 'href="#main"' in text
    assert all(f'<a href="{path}">{name}</a>' in text for path, name in NAVIGATION)


def test_head_answers_as_get_without_the_body(client):
    got, head = client.get("/health"), client.request("HEAD", "/health")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


# --- limits


def test_a_long_query_is_refused_before_any_work(client):
    most = client.app.state.settings.query_bytes_most
    assert client.get("/health?q=" + "x" * (most - 2)).status_code == 200
    refused = client.get("/health?q=" + "x" * most)
    assert refused.status_code == 414
    assert f"longer than {most} characters" in refused.text


@pytest.mark.parametrize("is_told", [True, False], ids=["length told", "in pieces"])
def test_a_large_body_is_refused(is_told):
    async def takes(request: Request) -> Response:
        return json_page({"bytes": len(await request.body())})

    def pieces(size: int):
        async def stream():
            for start in range(0, size, 100):
                yield b"x" * min(100, size - start)

        return b"x" * size if is_told else stream()

    with web_client(body_bytes_most=1000) as client:
        add(client, "/takes.json", takes, ("POST",))
        assert client.post("/takes.json", content=pieces(1000)).json() == {"bytes": 1000}
        refused = client.post("/takes.json", content=pieces(1001))
    assert refused.status_code == 413
    assert refused.json() == {"error": "What was sent is larger than 0.001 MB."}


# --- error pages


def test_an_unknown_page_says_so_as_html_and_as_json(client):
    assert client.get("/no-such-page").headers["content-type"].startswith("text/html")
    assert client.get("/no-such-page").status_code == 404
    assert client.get("/no-such-page.json").json() == {
        "error": "There is no page at this address. The pages are in the list at the top."
    }


def test_a_wrong_method_is_told(client):
    refused = client.post("/health")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET"


def test_an_input_error_is_one_line_and_status_400(client):
    async def fails() -> Response:
        raise InputError("unknown route '<b>'; did you mean 'IV'?")

    add(client, "/fails", fails)
    add(client, "/fails.json", fails)
    assert client.get("/fails.json").json() == {"error": "unknown route '<b>'; did you mean 'IV'?"}
    page = client.get("/fails")
    assert page.status_code == 400
    assert "unknown route &#39;&lt;b&gt;&#39;; did you mean" in page.text


def test_an_unexpected_failure_tells_neither_the_visitor_nor_the_log_what_was_written(client, caplog):
    async def fails(request: Request) -> Response:
        raise RuntimeError(f"broke on {request.query_params['q']}")

    add(client, "/fails", fails)
    page = client.get("/fails?q=my-secret")
    assert page.status_code == 500
    assert "my-secret" not in page.text
    assert "Traceback" not in page.text
    assert "my-secret" not in caplog.text
    assert "RuntimeError at /fails" in caplog.text
    assert page.headers["content-security-policy"] == POLICY


def test_a_full_queue_is_503_with_retry_after_and_health_still_answers():
    opened, began = threading.Event(), threading.Event()

    def work() -> dict[str, str]:
        began.set()
        assert opened.wait(20)
        return {"is": "done"}

    async def computes(request: Request) -> Response:
        return json_page(await computing_of(request).run(request.url.query, work))

    with web_client(pool_workers=1, queue_most=1, retry_after_s=3) as client:
        add(client, "/computes.json", computes)
        add(client, "/computes", computes)

        async def ask():
            get = client._client.get
            taken = [asyncio.create_task(get(f"/computes.json?{name}")) for name in "ab"]
            await asyncio.to_thread(began.wait, 20)
            while computing.counts().waiting < 2:
                await asyncio.sleep(0.001)
            busy, page, health = await get("/computes.json?c"), await get("/computes?c"), await get("/health")
            opened.set()
            return busy, page, health, [await task for task in taken], await get("/computes.json?c")

        computing = client.app.state.computing
        busy, page, health, taken, after = client.run(ask())
    assert (busy.status_code, page.status_code) == (503, 503)
    assert busy.headers["retry-after"] == page.headers["retry-after"] == "3"
    assert "try again in 3 seconds" in busy.json()["error"]
    assert "try again in 3 seconds" in page.text
    assert (health.status_code, health.json()["computing"]["waiting"]) == (200, 2)
    assert [answered.status_code for answered in (*taken, after)] == [200, 200, 200]


def test_a_computation_that_is_too_slow_is_504():
    opened = threading.Event()

    async def computes(request: Request) -> Response:
        return json_page(await computing_of(request).run("slow", lambda: opened.wait(20) and {}))

    with web_client(seconds_most=0.02) as client:
        add(client, "/computes.json", computes)
        slow = client.get("/computes.json")
        opened.set()
    assert slow.status_code == 504
    assert "longer than 0.02 s" in slow.json()["error"]


# --- documents


def test_a_page_and_its_twin_show_the_same_document(client):
    document = {"title": "Ä", "value": 0.1}

    async def shows(request: Request) -> Response:
        return answer(request, "error.html", document, title=document["title"], line=str(document["value"]))

    add(client, "/shows", shows)
    add(client, "/shows.json", shows)
    twin = client.get("/shows.json")
    assert twin.json() == document
    assert twin.content == client.get("/shows.json").content
    assert "0.1" in client.get("/shows").text


def test_not_a_number_never_becomes_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_page({"value": float("nan")})


def test_an_unknown_parameter_offers_the_nearest():
    with pytest.raises(InputError, match="parameter 'indicaton' is unknown; did you mean 'indication'"):
        check_names(["indicaton"], ["indication", "weight"])
    check_names(["weight"], ["indication", "weight"])


# --- charts


def test_a_figure_has_words_a_table_and_downloads():
    made = figure(CHART, "/compare/course", "weight=70&age=40")
    assert isinstance(made, Markup)
    assert 'src="/compare/course.svg?weight=70&amp;age=40"' in made
    assert 'alt="From &#34;one&#34; to two."' in made
    assert 'href="/compare/course.png?weight=70&amp;age=40" download="course.png"' in made
    assert 'data-spec="/compare/course.vl.json?weight=70&amp;age=40"' in made
    assert '<th scope="row">&lt;b&gt;24 h</th><td>– not shown</td>' in made
    assert '<td class="number">1.50</td>' in made


def test_pictures_of_a_chart_are_drawn_once_each(client):
    made = []

    async def draws(request: Request, kind: str) -> Response:
        return await picture(request, "q course", lambda: made.append(kind) or CHART, kind)

    add(client, "/course.{kind}", draws)
    for kind, media_type in KINDS.items():
        first, second = client.get(f"/course.{kind}"), client.get(f"/course.{kind}")
        assert first.headers["content-type"].startswith(media_type)
        assert first.content == second.content
    assert made == list(KINDS)
    assert client.get("/course.svg").text.startswith("<svg")
    assert client.get("/course.png").content.startswith(b"\x89PNG")
    assert client.get("/course.vl.json").json() == SPEC


# --- files


@pytest.mark.parametrize("name", ["app.css", "app.js", "charts.js", "icon.svg"])
def test_a_file_is_kept_by_its_digest_and_asked_for_again_without_one(client, name):
    kept, plain = client.get(asset_address(name)), client.get(f"/static/{name}")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "no-cache"
    assert kept.content == plain.content == asset(name).content
    again = client.get(f"/static/{name}", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_drawing_library_is_served_packed_and_allows_the_interpreter(client):
    served = client.get(asset_address("vega.js"))
    assert served.headers["content-encoding"] == "gzip"
    assert served.headers["cache-control"].endswith("immutable")
    assert b"window.vegaEmbed" in served.content
    assert gzip.decompress(asset("vega.js").packed) == served.content


@pytest.mark.parametrize(
    "name", ["nothing.css", "..%2fapp.py", "app.py", "settings.toml", "%00.css", "x" * 300 + ".js"]
)
def test_nothing_else_is_served_as_a_file(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_the_style_sheet_begins_with_the_tokens_of_the_reports():
    text = asset("app.css").content.decode()
    assert text.index("--accent: #00507d") < text.index("--accent: #8cc6f2") < text.index("--card")
    assert "url(" not in text
    assert "@import" not in text


# --- for programs


def test_the_description_names_every_address_that_is_no_picture(client):
    described = client.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.")
    page = client.get("/api").text
    assert all(f"GET {path}" in page for path, methods in described["paths"].items() if "get" in methods)
    assert "/health" in described["paths"]


def test_health_tells_the_version_and_how_busy_it_is(client):
    told = client.get("/health").json()
    assert told["status"] == "ok"
    assert set(told["computing"]) >= {"waiting", "refused", "kept_bytes"}
    json.dumps(told)


# --- listening


def test_what_live_checks_share_is_computed_before_the_first_visitor(monkeypatch):
    bench = Bench(patients=20)
    monkeypatch.setattr(audit_route, "_bench", lambda: bench)
    asyncio.run(warm_up(create_app()))
    assert bench.runs["compare"] == 1
    assert min(bench.runs.values()) >= 1


def test_a_taken_port_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"^cannot listen at 127.0.0.1, port {port} \(address already in use\); "):
            listening("127.0.0.1", port)


def test_a_free_port_is_found():
    with listening("127.0.0.1", 0) as ear:
        assert ear.getsockname()[1] > 0
