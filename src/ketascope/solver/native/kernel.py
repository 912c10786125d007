"""The native kernel: a chain of states over a grid, written as LLVM instructions.

    for each group of patients (one a lane)
        for each step
            doses -> mode amounts, flows -> mode sources
            exp(-r c h) of each mode at the nodes and at output times (once for steps that repeat)
            concentrations at the nodes -> the chain's stage values by collocation
            outputs between nodes by the collocation polynomial, concentrations there exactly
            mode amounts and states at the end of the step

What the chain computes comes from its own equations (`expression.py`); this module knows no drug. Steps, modes and
doses are counted at run time, so one kernel serves all regimens and parameter sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from ketascope.solver.chain import Chain
from ketascope.solver.collocation import highest_mode_weights, tableau
from ketascope.solver.native.expression import Depends, Expression, Namespace, Record, evaluate, reached
from ketascope.solver.native.instructions import DOUBLE, INT64, POINTER, Emitter, Lanes

NAME = "advance_patients"
# Arguments of the compiled function in order: whole numbers first, then addresses of arrays (see `engine.py`).
COUNTS = (
    *("first_group", "last_group", "patients", "steps", "modes", "columns"),
    *("row_stride", "channel_stride", "first_result"),
)
ADDRESSES = (
    *("step_h", "step_numbers", "slot", "is_fresh", "bolus_first", "flow_first", "is_flow_changed", "is_flowing"),
    *("event_enantiomer", "event_column", "event_fixed_mg", "event_absorbed_mg"),
    *("end_row", "output_first", "output_fraction", "output_weight", "output_row"),
    *("rate_per_h", "inputs", "outputs", "fraction", "individual", "start", "result", "roughness", "scratch"),
)
NOTHING_LEFT_MG = 1e-40


@dataclass(frozen=True)
class Layout:
    """How a kernel is laid out: collocation nodes in a step, and patients side by side in one instruction."""

    stages: int
    lanes: int


class _Traced(NamedTuple):
    stages: list[tuple[Expression, ...]]
    channels: list[Expression]
    step_h: Expression
    conc_at_nodes: np.ndarray
    start: list[Expression]
    conc_at_point: np.ndarray
    states_at_point: list[Expression]
    values: dict[str, Expression]


@dataclass(frozen=True)
class KernelText:
    """The kernel of a chain as LLVM assembly, not yet optimised, and what it wants to know of each step."""

    assembly: str
    of_step: tuple[Expression, ...]

    def step_numbers(self, step_h: np.ndarray) -> np.ndarray:
        """What depends on the step alone, (steps, numbers): computed here, once for all patients."""
        return _step_numbers(self.of_step, step_h.tobytes())


@lru_cache(maxsize=64)
def _step_numbers(of_step: tuple[Expression, ...], step_h: bytes) -> np.ndarray:
    """Kept for the next call: a population comes in many batches on one grid."""
    lengths = np.frombuffer(step_h)
    numbers = np.zeros((len(lengths), len(of_step)))
    for column, value in enumerate(evaluate(of_step, {"step_h": lengths})):
        numbers[:, column] = value
    return numbers


def kernel_text(chain: Chain, layout: Layout) -> KernelText:
    """Write the kernel of a chain."""
    made = _Kernel(chain, layout)
    return KernelText(str(made.module), tuple(made.of_step))


def _trace(chain: Chain, stages: int) -> _Traced:
    record = Record()
    xp = Namespace(record)
    step_h = record.given("step_h", Depends.STEP)
    values = {name: record.given(f"value {name}", Depends.PERSON) for name in chain.values}
    at_nodes = np.empty((chain.enantiomers, chain.series, stages), dtype=object)
    for place in np.ndindex(*at_nodes.shape):
        at_nodes[place] = record.given(f"node {place}", Depends.VARYING)
    start = [record.given(f"state {index}", Depends.VARYING) for index in range(chain.states)]
    made = [tuple(state) for state in chain.advance(xp, step_h, at_nodes, tuple(start), values)]
    at_point = np.empty(at_nodes.shape[:2], dtype=object)
    for place in np.ndindex(*at_point.shape):
        at_point[place] = record.given(f"point {place}", Depends.VARYING)
    states = [record.given(f"state {index} at point", Depends.VARYING) for index in range(chain.states)]
    channels = list(chain.observe(xp, at_point, tuple(states), values))
    return _Traced(made, channels, step_h, at_nodes, start, at_point, states, values)


class _Kernel:
    """Builds the function; one method for each line of the module's outline."""

    def __init__(self, chain: Chain, layout: Layout) -> None:
        self.chain, self.layout = chain, layout
        self.traced = _trace(chain, layout.stages)
        self.module = ir.Module(name="ketascope")
        types = [INT64] * len(COUNTS) + [POINTER] * len(ADDRESSES)
        self.function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), types), name=NAME)
        self.given = dict(zip((*COUNTS, *ADDRESSES), self.function.args, strict=True))
        for name in ADDRESSES:
            self.given[name].add_attribute("noalias")
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.lanes = Lanes(self.builder, layout.lanes)
        everything = reached([*(e for state in self.traced.stages for e in state), *self.traced.channels])
        self.at_nodes = self._used(self.traced.conc_at_nodes, everything)
        self.at_point = self._used(self.traced.conc_at_point, everything)
        self.states_at_point = [i for i, e in enumerate(self.traced.states_at_point) if e in everything]
        self.of_person = self._outer(everything, Depends.PERSON)
        self.of_step = self._outer(everything, Depends.STEP)
        self.room: dict[Any, ir.Value] = {}
        for place in self.at_nodes + self.at_point:
            self.room[place] = self.builder.alloca(self.lanes.vector)
        for name in ("state", "roughest", "largest"):
            for index in range(chain.states):
                self.room[name, index] = self.builder.alloca(self.lanes.vector)
        self._whole()
        self.builder.ret_void()

    @staticmethod
    def _used(wanted: np.ndarray, everything: Mapping[Expression, None]) -> list[tuple[int, ...]]:
        return [place for place in np.ndindex(*wanted.shape) if wanted[place] in everything]

    @staticmethod
    def _outer(everything: Mapping[Expression, None], depends: Depends) -> list[Expression]:
        """What depends on the patient or on the step alone and is used by what does not: computed outside the steps."""
        used = {a for e in everything if e.depends is not depends for a in e.arguments}
        return [e for e in everything if e.depends is depends and e in used]

    # --- addresses

    def _whole_number(self, number: int) -> ir.Constant:
        return ir.Constant(INT64, number)

    def _at(self, name: str, index: ir.Value) -> ir.Value:
        return self.builder.gep(self.given[name], [index], source_etype=DOUBLE)

    def _number(self, name: str, index: ir.Value) -> ir.Value:
        return self.builder.load(self._at(name, index), typ=DOUBLE)

    def _integer(self, name: str, index: ir.Value) -> ir.Value:
        return self.builder.load(self.builder.gep(self.given[name], [index], source_etype=INT64), typ=INT64)

    def _person_row(self, name: str, row: ir.Value) -> ir.Value:
        """Lanes of a row of an array (rows, patients)."""
        b = self.builder
        return self.lanes.load(self._at(name, b.add(b.mul(row, self.given["patients"]), self.first_patient)))

    def _scratch(self, vector_index: ir.Value) -> ir.Value:
        return self._at("scratch", self.builder.mul(vector_index, self._whole_number(self.layout.lanes)))

    def _mode(self, part: int, enantiomer: int, mode: ir.Value) -> ir.Value:
        """Address in scratch of a mode's amount (part 0), source (1), rate (2) or inverse rate (3)."""
        b = self.builder
        row = b.mul(self._whole_number(part * self.chain.enantiomers + enantiomer), self.given["modes"])
        return self._scratch(b.add(row, mode))

    def _decay(self, slot: ir.Value, point: ir.Value, enantiomer: int, mode: ir.Value) -> ir.Value:
        """Address in scratch of exp(-r c h) at a point of a step that has its factors at `slot` (in points)."""
        b = self.builder
        point = b.add(slot, point)
        row = b.add(b.mul(point, self._whole_number(self.chain.enantiomers)), self._whole_number(enantiomer))
        before = b.mul(self._whole_number(4 * self.chain.enantiomers), self.given["modes"])
        return self._scratch(b.add(before, b.add(b.mul(row, self.given["modes"]), mode)))

    # --- control

    @contextmanager
    def _loop(self, first: ir.Value, end: ir.Value, name: str) -> Iterator[ir.Value]:
        b = self.builder
        before = b.block
        head, body, after = (self.function.append_basic_block(f"{name}.{part}") for part in ("head", "body", "after"))
        b.branch(head)
        b.position_at_end(head)
        index = b.phi(INT64, name)
        index.add_incoming(first, before)
        b.cbranch(b.icmp_signed("<", index, end), body, after)
        b.position_at_end(body)
        yield index
        index.add_incoming(b.add(index, self._whole_number(1)), b.block)
        b.branch(head)
        b.position_at_end(after)

    def _is_set(self, name: str, index: ir.Value) -> ir.Value:
        return self.builder.icmp_signed("!=", self._integer(name, index), self._whole_number(0))

    # --- the outline

    def _whole(self) -> None:
        with self._loop(self.given["first_group"], self.given["last_group"], "group") as group:
            self.first_patient = self.builder.mul(group, self._whole_number(self.layout.lanes))
            known = self._prepare_group()
            with self._loop(self._whole_number(0), self.given["steps"], "step") as step:
                self._one_step(step, known)
            self._write_roughness()

    def _prepare_group(self) -> dict[Expression, ir.Value]:
        b, lanes, traced = self.builder, self.lanes, self.traced
        zero, one = lanes.constant(0.0), lanes.constant(1.0)
        for enantiomer in range(self.chain.enantiomers):
            with self._loop(self._whole_number(0), self.given["modes"], "mode") as mode:
                row = b.add(b.mul(self._whole_number(enantiomer), self.given["modes"]), mode)
                rate = self._person_row("rate_per_h", row)
                decays = b.fcmp_ordered(">", rate, zero)
                inverse = b.select(decays, lanes.divide(one, b.select(decays, rate, one)), zero)
                for part, value in enumerate((zero, zero, rate, inverse)):
                    lanes.store(value, self._mode(part, enantiomer, mode))
        for index in range(self.chain.states):
            lanes.store(self._person_row("start", self._whole_number(index)), self.room["state", index])
            lanes.store(zero, self.room["roughest", index])
            lanes.store(zero, self.room["largest", index])
        values = {
            expression: self._person_row("individual", self._whole_number(row))
            for row, expression in enumerate(traced.values.values())
        }
        emitter = Emitter(lanes, values)
        return values | {expression: emitter.vector(expression) for expression in self.of_person}

    def _one_step(self, step: ir.Value, known: Mapping[Expression, ir.Value]) -> None:
        b, lanes, traced = self.builder, self.lanes, self.traced
        step_h = self._number("step_h", step)
        slot = self._integer("slot", step)
        self._give_boluses(step)
        with b.if_then(self._is_set("is_flow_changed", step)):
            self._change_flows(step)
        outputs = self._integer("output_first", step), self._integer("output_first", b.add(step, self._whole_number(1)))
        with b.if_then(self._is_set("is_fresh", step)):
            self._decay_factors(step_h, slot, *outputs)
        nodes = tableau(self.layout.stages)[0]
        is_flowing = self._is_set("is_flowing", step)
        for place in self.at_nodes:
            lanes.store(lanes.constant(0.0), self.room[place])
        with b.if_else(is_flowing) as (flowing, resting):
            with flowing:
                self._concentrations_at_nodes(slot, step_h, nodes, flows=True)
            with resting:
                self._concentrations_at_nodes(slot, step_h, nodes, flows=False)
        start = {e: lanes.load(self.room["state", i]) for i, e in enumerate(traced.start)}
        at_nodes = {traced.conc_at_nodes[place]: lanes.load(self.room[place]) for place in self.at_nodes}
        first_number = b.mul(step, self._whole_number(len(self.of_step)))
        of_step = {
            expression: lanes.splat(self._number("step_numbers", b.add(first_number, self._whole_number(index))))
            for index, expression in enumerate(self.of_step)
        }
        emitter = Emitter(lanes, {**known, **start, **at_nodes, **of_step})
        stages = [[emitter.vector(expression) for expression in state] for state in traced.stages]
        with self._loop(*outputs, "output") as output:
            self._one_output(output, slot, step_h, outputs[0], is_flowing, list(start.values()), stages, known)
        self._finish_step(slot, step_h, is_flowing)
        for index, values in enumerate(stages):
            self._judge(index, [start[traced.start[index]], *values])
            lanes.store(values[-1], self.room["state", index])
        row = self._integer("end_row", step)
        with b.if_then(b.icmp_signed(">=", row, self._whole_number(0))):
            ends = {i: values[-1] for i, values in enumerate(stages)}
            self._concentrations_now()
            self._write_channels(row, ends, known)

    def _judge(self, index: int, values: Sequence[ir.Value]) -> None:
        """Keep the largest amplitude of the highest mode of a state's polynomial, and the state's largest value."""
        lanes = self.lanes
        mode = lanes.constant(0.0)
        for weight, value in zip(highest_mode_weights(self.layout.stages), values, strict=True):
            mode = lanes.add(mode, lanes.multiply(lanes.constant(weight), value))
        for name, value in (("roughest", mode), ("largest", values[-1])):
            room = self.room[name, index]
            lanes.store(lanes.maximum(lanes.absolute(value), lanes.load(room)), room)

    def _write_roughness(self) -> None:
        b, lanes = self.builder, self.lanes
        for index in range(self.chain.states):
            roughest, largest = (lanes.load(self.room[name, index]) for name in ("roughest", "largest"))
            # A state that never moved from zero is smooth.
            share = lanes.divide(roughest, lanes.maximum(largest, lanes.constant(1e-30)))
            row = b.add(b.mul(self._whole_number(index), self.given["patients"]), self.first_patient)
            lanes.store(share, self._at("roughness", row))

    def _events(self, name: str, step: ir.Value) -> Any:
        after = self.builder.add(step, self._whole_number(1))
        return self._loop(self._integer(name, step), self._integer(name, after), "event")

    def _give_boluses(self, step: ir.Value) -> None:
        with self._events("bolus_first", step) as event:
            self._add_event(event, 0)

    def _change_flows(self, step: ir.Value) -> None:
        for enantiomer in range(self.chain.enantiomers):
            with self._loop(self._whole_number(0), self.given["modes"], "mode") as mode:
                self.lanes.store(self.lanes.constant(0.0), self._mode(1, enantiomer, mode))
        with self._events("flow_first", step) as event:
            self._add_event(event, 1)

    def _add_event(self, event: ir.Value, part: int) -> None:
        """Put an amount (part 0) or a rate (part 1) of an event onto all modes that it reaches."""
        b, lanes = self.builder, self.lanes
        column = self._integer("event_column", event)
        absorbed = lanes.multiply(
            lanes.splat(self._number("event_absorbed_mg", event)), self._person_row("fraction", column)
        )
        given = lanes.add(lanes.splat(self._number("event_fixed_mg", event)), absorbed)
        first = b.mul(self._integer("event_enantiomer", event), self.given["modes"])
        with self._loop(self._whole_number(0), self.given["modes"], "mode") as mode:
            row = b.add(first, mode)
            reach = self._person_row("inputs", b.add(b.mul(row, self.given["columns"]), column))
            offset = b.mul(self._whole_number(part * self.chain.enantiomers), self.given["modes"])
            address = self._scratch(b.add(offset, row))
            lanes.store(lanes.add(lanes.load(address), lanes.multiply(reach, given)), address)

    def _decay_factors(self, step_h: ir.Value, slot: ir.Value, first: ir.Value, last: ir.Value) -> None:
        b = self.builder
        for index, node in enumerate(tableau(self.layout.stages)[0]):
            length = b.fmul(step_h, ir.Constant(DOUBLE, -node))
            self._decay_at(slot, self._whole_number(index), length)
        with self._loop(first, last, "output") as output:
            length = b.fneg(b.fmul(step_h, self._number("output_fraction", output)))
            point = b.add(self._whole_number(self.layout.stages), b.sub(output, first))
            self._decay_at(slot, point, length)

    def _decay_at(self, slot: ir.Value, point: ir.Value, minus_h: ir.Value) -> None:
        lanes = self.lanes
        spread = lanes.splat(minus_h)
        for enantiomer in range(self.chain.enantiomers):
            with self._loop(self._whole_number(0), self.given["modes"], "mode") as mode:
                rate = lanes.load(self._mode(2, enantiomer, mode))
                lanes.store(lanes.exp(lanes.multiply(rate, spread)), self._decay(slot, point, enantiomer, mode))

    def _later(self, enantiomer: int, mode: ir.Value, decay: ir.Value, after_h: ir.Value, flows: bool) -> ir.Value:
        """A mode's amount some time into the step: y exp(-r h) + u (1 - exp(-r h))/r."""
        b, lanes = self.builder, self.lanes
        amount = lanes.multiply(lanes.load(self._mode(0, enantiomer, mode)), decay)
        if not flows:
            return amount
        inverse = lanes.load(self._mode(3, enantiomer, mode))
        decays = b.fcmp_ordered(">", inverse, lanes.constant(0.0))
        gain = lanes.multiply(lanes.subtract(lanes.constant(1.0), decay), inverse)
        gain = b.select(decays, gain, lanes.splat(after_h))
        return lanes.add(amount, lanes.multiply(lanes.load(self._mode(1, enantiomer, mode)), gain))

    def _output_weight(self, enantiomer: int, series: int, mode: ir.Value) -> ir.Value:
        b = self.builder
        row = b.mul(self._whole_number(enantiomer * self.chain.series + series), self.given["modes"])
        return self._person_row("outputs", b.add(row, mode))

    def _concentrations_at_nodes(self, slot: ir.Value, step_h: ir.Value, nodes: Sequence[float], flows: bool) -> None:
        b, lanes = self.builder, self.lanes
        for enantiomer in range(self.chain.enantiomers):
            places = [place for place in self.at_nodes if place[0] == enantiomer]
            with self._loop(self._whole_number(0), self.given["modes"], "mode") as mode:
                weights = {s: self._output_weight(enantiomer, s, mode) for s in sorted({p[1] for p in places})}
                for index in sorted({place[2] for place in places}):
                    decay = lanes.load(self._decay(slot, self._whole_number(index), enantiomer, mode))
                    after_h = b.fmul(step_h, ir.Constant(DOUBLE, nodes[index]))
                    amount = self._later(enantiomer, mode, decay, after_h, flows)
                    for place in places:
                        if place[2] == index:
                            self._accumulate(place, lanes.multiply(weights[place[1]], amount))

    def _accumulate(self, place: tuple[int, ...], value: ir.Value) -> None:
        self.lanes.store(self.lanes.add(self.lanes.load(self.room[place]), value), self.room[place])

    def _one_output(
        self,
        output: ir.Value,
        slot: ir.Value,
        step_h: ir.Value,
        first: ir.Value,
        is_flowing: ir.Value,
        start: Sequence[ir.Value],
        stages: Sequence[Sequence[ir.Value]],
        known: Mapping[Expression, ir.Value],
    ) -> None:
        b, lanes = self.builder, self.lanes
        point = b.add(self._whole_number(self.layout.stages), b.sub(output, first))
        after_h = b.fmul(step_h, self._number("output_fraction", output))
        for place in self.at_point:
            lanes.store(lanes.constant(0.0), self.room[place])
        with b.if_else(is_flowing) as branches:
            for branch, flows in zip(branches, (True, False), strict=True):
                with branch:
                    self._concentrations_at_point(slot, point, after_h, flows)
        count = self.layout.stages + 1
        weights = [
            lanes.splat(
                self._number(
                    "output_weight", b.add(b.mul(output, self._whole_number(count)), self._whole_number(index))
                )
            )
            for index in range(count)
        ]
        states = {}
        for index in self.states_at_point:
            value = lanes.multiply(weights[0], start[index])
            for weight, stage in zip(weights[1:], stages[index], strict=True):
                value = lanes.add(value, lanes.multiply(weight, stage))
            states[index] = value
        self._write_channels(self._integer("output_row", output), states, known)

    def _concentrations_at_point(self, slot: ir.Value, point: ir.Value, after_h: ir.Value, flows: bool) -> None:
        lanes = self.lanes
        for enantiomer in range(self.chain.enantiomers):
            places = [place for place in self.at_point if place[0] == enantiomer]
            if not places:
                continue
            with self._loop(self._whole_number(0), self.given["modes"], "mode") as mode:
                decay = lanes.load(self._decay(slot, point, enantiomer, mode))
                amount = self._later(enantiomer, mode, decay, after_h, flows)
                for place in places:
                    self._accumulate(place, lanes.multiply(self._output_weight(place[0], place[1], mode), amount))

    def _concentrations_now(self) -> None:
        """Concentrations from the amounts as they stand, into the places of a point."""
        lanes = self.lanes
        for place in self.at_point:
            lanes.store(lanes.constant(0.0), self.room[place])
        for enantiomer in range(self.chain.enantiomers):
            places = [place for place in self.at_point if place[0] == enantiomer]
            if not places:
                continue
            with self._loop(self._whole_number(0), self.given["modes"], "mode") as mode:
                amount = lanes.load(self._mode(0, enantiomer, mode))
                for place in places:
                    self._accumulate(place, lanes.multiply(self._output_weight(place[0], place[1], mode), amount))

    def _finish_step(self, slot: ir.Value, step_h: ir.Value, is_flowing: ir.Value) -> None:
        last = self._whole_number(self.layout.stages - 1)
        with self.builder.if_else(is_flowing) as branches:
            for branch, flows in zip(branches, (True, False), strict=True):
                with branch:
                    for enantiomer in range(self.chain.enantiomers):
                        with self._loop(self._whole_number(0), self.given["modes"], "mode") as mode:
                            decay = self.lanes.load(self._decay(slot, last, enantiomer, mode))
                            amount = self._later(enantiomer, mode, decay, step_h, flows)
                            self.lanes.store(self._gone(amount), self._mode(0, enantiomer, mode))

    def _gone(self, amount: ir.Value) -> ir.Value:
        """The amount, or 0 where next to nothing is left: the smallest numbers that exist slow a processor down."""
        b, lanes = self.builder, self.lanes
        is_left = b.fcmp_unordered(">", lanes.multiply(amount, amount), lanes.constant(NOTHING_LEFT_MG**2))
        return b.select(is_left, amount, lanes.constant(0.0))

    def _write_channels(
        self, row: ir.Value, states: Mapping[int, ir.Value], known: Mapping[Expression, ir.Value]
    ) -> None:
        b, traced = self.builder, self.traced
        at_point = {traced.conc_at_point[place]: self.lanes.load(self.room[place]) for place in self.at_point}
        own = {traced.states_at_point[index]: value for index, value in states.items()}
        emitter = Emitter(self.lanes, {**known, **at_point, **own})
        place = b.sub(self.first_patient, self.given["first_result"])
        first = b.add(b.mul(row, self.given["row_stride"]), place)
        for index, channel in enumerate(traced.channels):
            offset = b.mul(self.given["channel_stride"], self._whole_number(index))
            self.lanes.store(emitter.vector(channel), self._at("result", b.add(first, offset)))
