"""Arithmetic written down instead of done: what a model's equations compute, as a graph without repetitions.

A model is written once, over an array namespace `xp` (see `model/cascade.py`). With NumPy or JAX as the namespace its
equations are computed; with `Namespace` they are recorded, and the native kernel is made of the record. An equal
expression is recorded once, constants are folded, and every expression knows what it depends on, so that the kernel
computes once per patient what does not change from step to step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any

import numpy as np


class Depends(IntEnum):
    """What an expression depends on; the larger covers the smaller, except STEP and PERSON, which give VARYING."""

    NOTHING = 0
    STEP = 1
    PERSON = 2
    VARYING = 3


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
}
# A logarithm of zero is never taken: below this a base counts as this.
SMALLEST_BASE = 1e-300


class Expression:
    """A value of the record: `operation` on `arguments`, or an input or constant with a `name` or `number`."""

    __slots__ = ("arguments", "depends", "name", "number", "operation", "record")
    # An array beside an expression leaves the operation to it, and it goes through the array element by element.
    __array_ufunc__ = None

    def __init__(
        self,
        record: Record,
        operation: str,
        arguments: tuple[Expression, ...],
        depends: Depends,
        name: str = "",
        number: float = 0.0,
    ) -> None:
        self.record, self.operation, self.arguments = record, operation, arguments
        self.depends, self.name, self.number = depends, name, number

    def __add__(self, other: Any) -> Any:
        return self.record.apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self.record.apply("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self.record.apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.record.apply("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self.record.apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.record.apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.record.apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.record.apply("divide", other, self)

    def __neg__(self) -> Any:
        return self.record.apply("subtract", 0.0, self)

    def __pow__(self, other: Any) -> Any:
        return self.record.power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.record.power(other, self)


class Record:
    """All expressions made in one tracing; equal ones are the same object."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Expression] = {}

    def constant(self, number: float) -> Expression:
        """A number."""
        return self._unique(("constant", float(number)), "constant", (), Depends.NOTHING, number=float(number))

    def given(self, name: str, depends: Depends) -> Expression:
        """An input of the kernel by name."""
        return self._unique(("given", name), "given", (), depends, name=name)

    def apply(self, operation: str, *values: Any) -> Any:
        """The expression of an operation; arrays of expressions are taken element by element."""
        if any(isinstance(value, np.ndarray) for value in values):
            arrays = np.broadcast_arrays(*(np.asarray(value, dtype=object) for value in values))
            flat = [self.apply(operation, *row) for row in zip(*(array.ravel() for array in arrays), strict=True)]
            made = np.empty(len(flat), dtype=object)
            made[:] = flat
            return made.reshape(arrays[0].shape)
        arguments = tuple(value if isinstance(value, Expression) else self.constant(value) for value in values)
        if all(argument.operation == "constant" for argument in arguments):
            return self.constant(float(OPERATIONS[operation](*(argument.number for argument in arguments))))
        simpler = _simplified(operation, arguments)
        if simpler is not None:
            return simpler
        first, second = arguments if len(arguments) == 2 else (arguments[0], arguments[0])
        if operation == "divide" and second.depends <= Depends.PERSON and first.depends > second.depends:
            # A division costs as much as a dozen products; this one is then done once per patient or step.
            return self.apply("multiply", first, self.apply("divide", 1.0, second))
        key = (operation, *map(id, arguments))
        return self._unique(key, operation, arguments, _union(argument.depends for argument in arguments))

    def power(self, base: Any, exponent: Any) -> Any:
        """For a base of zero or more: exp(exponent log(base))."""
        log = self.apply("log", self.apply("maximum", base, SMALLEST_BASE))
        return self.apply("exp", self.apply("multiply", exponent, log))

    def _unique(self, key: tuple[Any, ...], operation: str, *rest: Any, **named: Any) -> Expression:
        if key not in self._made:
            self._made[key] = Expression(self, operation, *rest, **named)
        return self._made[key]


class Namespace:
    """The functions that model equations call on `xp`, recorded."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger of the two."""
        return self._record.apply("maximum", a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        """The smaller of the two."""
        return self._record.apply("minimum", a, b)

    def sqrt(self, a: Any) -> Any:
        """Square root."""
        return self._record.apply("sqrt", a)

    def exp(self, a: Any) -> Any:
        """Exponential."""
        return self._record.apply("exp", a)

    def log(self, a: Any) -> Any:
        """Natural logarithm of a positive number."""
        return self._record.apply("log", a)


def evaluate(expressions: Sequence[Expression], given: Mapping[str, np.ndarray]) -> list[Any]:
    """The numbers of expressions, from those of the inputs by name; arrays broadcast."""
    found: dict[Expression, Any] = {}
    waiting = list(expressions)
    while waiting:
        top = waiting[-1]
        missing = [] if top in found else [argument for argument in top.arguments if argument not in found]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        if top in found:
            continue
        if top.operation == "constant":
            found[top] = top.number
        elif top.operation == "given":
            found[top] = given[top.name]
        else:
            found[top] = OPERATIONS[top.operation](*(found[argument] for argument in top.arguments))
    return [found[expression] for expression in expressions]


def reached(expressions: Sequence[Expression]) -> dict[Expression, None]:
    """The expressions and all that they are made of, in an order that is the same in every process."""
    found: dict[Expression, None] = {}
    waiting = list(expressions)
    while waiting:
        expression = waiting.pop()
        if expression not in found:
            found[expression] = None
            waiting += expression.arguments
    return found


def _union(parts: Any) -> Depends:
    union = Depends.NOTHING
    for part in parts:
        if {union, part} == {Depends.STEP, Depends.PERSON}:
            return Depends.VARYING
        union = max(union, part)
    return union


def _simplified(operation: str, arguments: tuple[Expression, ...]) -> Expression | None:
    """What costs nothing: adding 0, multiplying by 1 or 0, dividing by 1; None where nothing is saved."""
    if len(arguments) != 2:
        return None
    first, second = arguments

    def is_number(argument: Expression, number: float) -> bool:
        return argument.operation == "constant" and argument.number == number

    if operation in ("add", "subtract") and is_number(second, 0.0):
        return first
    if operation == "add" and is_number(first, 0.0):
        return second
    if operation in ("multiply", "divide") and is_number(second, 1.0):
        return first
    if operation == "multiply":
        if is_number(first, 1.0):
            return second
        for argument in arguments:
            if is_number(argument, 0.0):
                return argument
    return None
