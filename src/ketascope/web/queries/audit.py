"""What the page of audits reads: a text or a file from the body of a request, which never leaves the memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from ketascope.errors import InputError
from ketascope.web.queries.fields import FieldError
from ketascope.web.queries.reading import check_names

if TYPE_CHECKING:
    from starlette.requests import Request

PASTED = "pasted text"
FIELDS = {
    "text": {"type": "string", "description": "The text of an article: plain, Markdown or HTML."},
    "file": {
        "type": "string",
        "format": "binary",
        "description": "Instead of text: a text, Markdown, HTML or PDF file.",
    },
    "no_live": {
        "type": "string",
        "enum": ["yes"],
        "description": "yes leaves out the numbers that have to be computed.",
    },
}
NO_ADDRESSES = (
    "this server fetches nothing from others, so that nobody can use it to reach them; paste the text itself, or run "
    "'ketascope audit ADDRESS' on your own machine"
)
_ADDRESS = re.compile(r"\s*(?:https?://|www\.)\S+\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name without any promise, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True)
class AuditQuery:
    """What is to be audited: the bytes and the name under which they came, and whether to compute live numbers."""

    content: bytes
    name: str
    is_live: bool


def form_schema() -> dict[str, Any]:
    """The form, for `openapi_extra` of its routes."""
    content = {"multipart/form-data": {"schema": {"type": "object", "properties": FIELDS}}}
    return {"requestBody": {"required": True, "content": content}}


async def read_form(request: Request, most_bytes: int) -> dict[str, str | Upload]:
    """The fields of a posted form, each at most once. Raises InputError for what is no such form.

    Files are held in memory, never spooled to a disk, so `most_bytes` must be what the request is limited to.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise InputError(
            "send the article as a form (multipart/form-data) with the field 'text' or 'file', as "
            "`curl -F file=@NAME` does"
        )
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=1, max_fields=len(FIELDS), max_part_size=most_bytes
    )
    parser.spool_max_size = most_bytes + 1
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise InputError(f"the form cannot be read: {error}") from None
    try:
        check_names(form.keys(), FIELDS)
        for name in form:
            if len(form.getlist(name)) > 1:
                raise FieldError(name, "given more than once; audit one article at a time")
        return {
            name: Upload(value.filename or "", await value.read()) if isinstance(value, UploadFile) else value
            for name, value in form.items()
        }
    finally:
        await form.close()


def read_audit(form: Mapping[str, str | Upload]) -> AuditQuery:
    """What the form asks for. Raises FieldError with the field that is wrong."""
    text, file = form.get("text", ""), form.get("file", Upload("", b""))
    if isinstance(text, Upload):
        raise FieldError("text", "is a file; send it as the field 'file'")
    if isinstance(file, str):
        raise FieldError("file", "is a text; send it as the field 'text'")
    is_live = _is_live(form.get("no_live", ""))
    if file.content or file.name:
        if text.strip():
            raise FieldError("file", "a text and a file were given; audit one of them at a time")
        return AuditQuery(file.content, file.name or "uploaded file", is_live)
    if not text.strip():
        raise FieldError("text", "nothing was given; paste a text or choose a file")
    if _ADDRESS.fullmatch(text):
        raise FieldError("text", f"an address alone is not a text: {NO_ADDRESSES}")
    return AuditQuery(text.encode("utf-8", "replace"), PASTED, is_live)


def _is_live(no_live: object) -> bool:
    if no_live not in ("", "no", "yes"):
        raise FieldError("no_live", "write yes to leave the computed numbers out, or leave the field out")
    return no_live != "yes"
