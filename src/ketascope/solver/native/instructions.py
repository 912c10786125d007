"""Recorded expressions as LLVM instructions on several patients at once.

Every value is a vector with one lane a patient. Exponential and logarithm are written out, so that they run in all
lanes and give the same bits whatever library the machine has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from llvmlite import ir

from ketascope.solver.native.expression import Expression

DOUBLE = ir.DoubleType()
INT64 = ir.IntType(64)
POINTER = ir.PointerType()
# Products and sums may be fused; nothing is reordered, so the same program gives the same bits.
FUSED = ("contract",)

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
# Adding and taking away 1.5 * 2^52 rounds to a whole number, which then stands in the lowest bits.
ROUNDER = 6755399441055744.0
ROUNDER_BITS = 0x4338000000000000
MANTISSA_MASK, ONE_BITS, EXPONENT_BIAS = 0x000FFFFFFFFFFFFF, 0x3FF0000000000000, 1023
# Beyond these exp counts as 1e-100 and 1e300: products of such numbers are still normal numbers, which are fast.
EXP_LEAST, EXP_MOST = -230.0, 690.0
EXP_TERMS, LOG_TERMS = 13, 11


class Lanes:
    """Emits vector arithmetic with `count` lanes into a builder."""

    def __init__(self, builder: ir.IRBuilder, count: int) -> None:
        self.builder = builder
        self.count = count
        self.vector = ir.VectorType(DOUBLE, count)
        self.whole = ir.VectorType(INT64, count)

    def constant(self, number: float) -> ir.Constant:
        """The same number in all lanes."""
        return ir.Constant(self.vector, [number] * self.count)

    def bits(self, number: int) -> ir.Constant:
        """The same 64 bits in all lanes."""
        return ir.Constant(self.whole, [number] * self.count)

    def splat(self, value: ir.Value) -> ir.Value:
        """A single number put into all lanes."""
        b = self.builder
        one = b.insert_element(ir.Constant(self.vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.count), [0] * self.count)
        return b.shuffle_vector(one, ir.Constant(self.vector, ir.Undefined), mask)

    def load(self, pointer: ir.Value) -> ir.Value:
        """The lanes that stand in memory from `pointer` on."""
        return self.builder.load(pointer, typ=self.vector, align=8)

    def store(self, value: ir.Value, pointer: ir.Value) -> None:
        """Put the lanes into memory from `pointer` on."""
        self.builder.store(value, pointer, align=8)

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """a + b."""
        return self.builder.fadd(a, b, flags=FUSED)

    def subtract(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """a - b."""
        return self.builder.fsub(a, b, flags=FUSED)

    def multiply(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """a b."""
        return self.builder.fmul(a, b, flags=FUSED)

    def divide(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """a / b."""
        return self.builder.fdiv(a, b, flags=FUSED)

    def sqrt(self, a: ir.Value) -> ir.Value:
        """Square root."""
        module, name = self.builder.module, f"llvm.sqrt.v{self.count}f64"
        function = module.globals.get(name) or ir.Function(module, ir.FunctionType(self.vector, [self.vector]), name)
        return self.builder.call(function, [a])

    def absolute(self, a: ir.Value) -> ir.Value:
        """|a|."""
        b = self.builder
        return b.bitcast(b.and_(b.bitcast(a, self.whole), self.bits(0x7FFFFFFFFFFFFFFF)), self.vector)

    def maximum(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """The larger; a, where either is no number, so that a fault is not hidden behind a bound."""
        return self.builder.select(self.builder.fcmp_unordered(">", a, b), a, b)

    def minimum(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """The smaller; a, where either is no number."""
        return self.builder.select(self.builder.fcmp_unordered("<", a, b), a, b)

    def exp(self, a: ir.Value) -> ir.Value:
        """e^a to the last bit or two, a kept within -230 and 690."""
        b = self.builder
        x = self.minimum(self.maximum(a, self.constant(EXP_LEAST)), self.constant(EXP_MOST))
        shifted = self.add(self.multiply(x, self.constant(1.0 / math.log(2.0))), self.constant(ROUNDER))
        n = b.fsub(shifted, self.constant(ROUNDER))
        r = self.subtract(x, self.multiply(n, self.constant(LN2_HIGH)))
        r = self.subtract(r, self.multiply(n, self.constant(LN2_LOW)))
        series = self.constant(1.0 / math.factorial(EXP_TERMS))
        for term in range(EXP_TERMS - 1, -1, -1):
            series = self.add(self.multiply(series, r), self.constant(1.0 / math.factorial(term)))
        power = b.shl(b.bitcast(shifted, self.whole), self.bits(52))
        return self._unless_no_number(a, b.bitcast(b.add(b.bitcast(series, self.whole), power), self.vector))

    def log(self, a: ir.Value) -> ir.Value:
        """ln a of a positive normal number."""
        b = self.builder
        bits = b.bitcast(a, self.whole)
        # The exponent is taken after a shift by sqrt(1/2), so that the mantissa lies around 1.
        offset = ONE_BITS - 0x3FE6A09E667F3BCD
        moved = b.add(bits, self.bits(offset))
        exponent = b.sub(b.lshr(moved, self.bits(52)), self.bits(EXPONENT_BIAS))
        mantissa = b.bitcast(b.add(b.and_(moved, self.bits(MANTISSA_MASK)), self.bits(ONE_BITS - offset)), self.vector)
        n = b.fsub(b.bitcast(b.add(exponent, self.bits(ROUNDER_BITS)), self.vector), self.constant(ROUNDER))
        s = self.divide(b.fsub(mantissa, self.constant(1.0)), b.fadd(mantissa, self.constant(1.0)))
        z = self.multiply(s, s)
        series = self.constant(2.0 / (2 * LOG_TERMS - 1))
        for term in range(LOG_TERMS - 2, -1, -1):
            series = self.add(self.multiply(series, z), self.constant(2.0 / (2 * term + 1)))
        low = self.add(self.multiply(n, self.constant(LN2_LOW)), self.multiply(s, series))
        return self._unless_no_number(a, self.add(self.multiply(n, self.constant(LN2_HIGH)), low))

    def _unless_no_number(self, a: ir.Value, result: ir.Value) -> ir.Value:
        """The result, or a where a is no number: whole-number arithmetic on its bits would make a number of it."""
        return self.builder.select(self.builder.fcmp_unordered("uno", a, a), a, result)


class Emitter:
    """Emits recorded expressions in order of need, each once.

    known: instructions of inputs and of expressions computed before, by expression.
    """

    def __init__(self, lanes: Lanes, known: Mapping[Expression, ir.Value]) -> None:
        self._lanes = lanes
        self._values: dict[Expression, ir.Value] = dict(known)

    def vector(self, expression: Expression) -> ir.Value:
        """The expression in all lanes."""
        # Depth first without recursion: a graph may be deeper than Python's stack.
        waiting = [expression]
        while waiting:
            top = waiting[-1]
            if top in self._values or top.operation == "constant":
                waiting.pop()
                continue
            missing = [a for a in top.arguments if a not in self._values and a.operation != "constant"]
            if missing:
                waiting += missing
                continue
            self._values[top] = self._emit(top)
            waiting.pop()
        if expression.operation == "constant":
            return self._lanes.constant(expression.number)
        return self._values[expression]

    def _emit(self, expression: Expression) -> ir.Value:
        if expression.operation == "given":
            raise KeyError(f"the kernel has no input '{expression.name}'")
        return getattr(self._lanes, expression.operation)(*(self.vector(argument) for argument in expression.arguments))
