"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ketascope.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])


def option_name(param: click.Parameter | None) -> str:
    """The option as it is written on the command line, for error messages."""
    return param.opts[0] if param is not None else "value"


class Span(click.ParamType[float]):
    """A length of time such as 40min, 24h, 7d or 8wk, in hours."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Hours, or a one-line error that names the option."""
        from ketascope.regimen import read_span

        if isinstance(value, float):
            return value
        try:
            return read_span(str(value))
        except InputError as error:
            raise InputError(f"{option_name(param)}: {error}") from None


class Times(click.ParamType[tuple[float, ...]]):
    """Times with commas between them, in hours."""

    name = "times"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """A tuple of hours."""
        if isinstance(value, tuple):
            return value
        return tuple(Span().convert(part, param, ctx) for part in str(value).split(","))


class Number(click.ParamType[float]):
    """A number; what is right for it is checked where it is used."""

    name = "number"

    def __init__(self, example: str) -> None:
        self.example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a one-line error that names the option."""
        try:
            return float(value)
        except ValueError:
            problem = f"'{value}' is not a number; write one such as {self.example}"
            raise InputError(f"{option_name(param)}: {problem}") from None


class WholeNumber(click.ParamType[int]):
    """A whole number; its limits are checked where it is used."""

    name = "whole number"

    def __init__(self, example: str) -> None:
        self.example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The whole number, or a one-line error that names the option."""
        try:
            return int(value)
        except ValueError:
            problem = f"'{value}' is not a whole number; write one such as {self.example}"
            raise InputError(f"{option_name(param)}: {problem}") from None


class FileName(click.ParamType[str]):
    """The name of a file to read or write."""

    name = "file"

    def __init__(self, example: str) -> None:
        self.example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, or a one-line error for an empty one, which would mean the present folder."""
        text = str(value)
        if not text.strip():
            raise InputError(f"{option_name(param)}: the name of a file is missing; write one such as {self.example}")
        return text


def person_and_model(function: F) -> F:
    """The person, the horizon, the virtual patients and the scenarios."""
    options = [
        click.option("--indication", metavar="NAME", help="gad, sad, ptsd, ocd or mdd.  [default: gad]"),
        click.option(
            "--weight", "weight_kg", type=Number("70"), metavar="KG", help="Body weight, 20-300.  [default: 70]"
        ),
        click.option("--age", "age_years", type=Number("40"), metavar="YEARS", help="Age, 18 or over.  [default: 40]"),
        click.option("--sex", metavar="SEX", help="female or male; changes nothing in the default model."),
        click.option(
            "--hepatic", default="normal", show_default=True, metavar="STATE", help="normal, mild or moderate."
        ),
        click.option(
            "--interaction",
            "interactions",
            multiple=True,
            metavar="NAME",
            help="Another medicine that changes exposure, such as rifampicin; may be repeated.",
        ),
        click.option("--until", "until_h", type=Span(), metavar="TIME", help="Simulated time.  [default: 8wk]"),
        click.option(
            "--patients",
            type=WholeNumber("1000"),
            metavar="N",
            help="Virtual patients; 0 is the typical one.  [default: 1000]",
        ),
        click.option("--seed", type=WholeNumber("0"), metavar="N", help="Same seed, same numbers.  [default: 0]"),
        click.option(
            "--sampling",
            metavar="SITE",
            help="venous or arterial plasma; with -published the earlier models of each.  [default: venous]",
        ),
        click.option(
            "--scenario",
            "scenarios",
            multiple=True,
            metavar="NAME",
            help="Where science disagrees: expectancy, active-control, masked, hnk, opioid-blocked, r-potency, "
            "cyp2b6-star6; may be repeated.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function
