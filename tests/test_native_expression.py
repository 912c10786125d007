"""Recorded equations: nothing is written down twice, and what is written down computes what the model computes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketascope.model import cascade
from ketascope.solver.chain import Chain
from ketascope.solver.native.expression import Depends, Expression, Namespace, Record, evaluate, reached
from native_runs import case_of, reference, reference_chain

# Named here once more, so that a wrong entry in the record's own table is seen.
NUMPY: Mapping[str, Callable[..., Any]] = {
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


def three_inputs() -> tuple[Record, Expression, Expression, Expression]:
    record = Record()
    return (
        record,
        record.given("step", Depends.STEP),
        record.given("person", Depends.PERSON),
        record.given("varying", Depends.VARYING),
    )


# One object for one value -------------------------------------------------------------------------------------


def test_equal_expressions_are_one_object() -> None:
    record, step, person, varying = three_inputs()
    assert step * person + varying is step * person + varying
    assert record.given("person", Depends.PERSON) is person
    assert record.constant(2) is record.constant(2.0)
    assert record.power(person, 1.5) is person**1.5
    assert step * person is not step / person
    assert step - person is not person - step


def test_records_do_not_share_objects() -> None:
    assert three_inputs()[1] is not three_inputs()[1]


@given(st.floats(-1e6, 1e6), st.floats(0.1, 1e6), st.sampled_from(["add", "subtract", "multiply", "divide"]))
def test_constants_fold_to_the_number_that_python_gives(a: float, b: float, operation: str) -> None:
    record = Record()
    folded = record.apply(operation, a, b)
    assert folded is record.constant(NUMPY[operation](a, b))


@given(st.floats(1e-6, 600.0))
def test_functions_of_constants_fold_too(a: float) -> None:
    record = Record()
    xp = Namespace(record)
    for name in ("sqrt", "exp", "log"):
        folded = getattr(xp, name)(a)
        assert folded is record.constant(folded.number)
        assert folded.number == pytest.approx(float(NUMPY[name](a)), rel=1e-15, abs=1e-300)
    assert xp.maximum(a, 2.0) is record.constant(max(a, 2.0))
    assert xp.minimum(a, 2.0) is record.constant(min(a, 2.0))


def test_a_constant_that_folds_to_nothing_leaves_the_rest_alone() -> None:
    _, step, person, _ = three_inputs()
    two = person.record.constant(2.0)
    assert person + (two - 2.0) is person
    assert (two / 2.0) * step is step


# Simplifications ----------------------------------------------------------------------------------------------


def test_what_costs_nothing_is_not_written_down() -> None:
    record, _, person, _ = three_inputs()
    zero = record.constant(0.0)
    for same in (person + 0.0, 0.0 + person, person - 0.0, person * 1.0, 1.0 * person, person / 1.0):
        assert same is person
    assert person * 0.0 is zero
    assert 0.0 * person is zero


def test_what_is_not_the_same_is_kept() -> None:
    record, _, person, _ = three_inputs()
    kept = (0.0 - person, 1.0 / person, person / 0.5, person - 1.0, 0.0 / person, -person)
    assert all(each is not person and each.operation != "constant" for each in kept)
    assert -person is 0.0 - person
    assert Namespace(record).maximum(person, 0.0) is not person


# What an expression depends on --------------------------------------------------------------------------------

N, S, P, V = Depends.NOTHING, Depends.STEP, Depends.PERSON, Depends.VARYING


@pytest.mark.parametrize("first", Depends)
@pytest.mark.parametrize("second", Depends)
def test_dependence_is_the_least_that_covers_both(first: Depends, second: Depends) -> None:
    record = Record()
    a = record.given("a", first) if first else record.constant(3.0)
    b = record.given("b", second) if second else record.constant(4.0)
    covers = {N: set(), S: {"step"}, P: {"person"}, V: {"step", "person"}}
    for made in (a + b, b + a, a * b, a / b, b - a, Namespace(record).maximum(a, b)):
        assert covers[made.depends] == covers[first] | covers[second]


def test_dependence_of_a_longer_expression() -> None:
    record, step, person, varying = three_inputs()
    xp = Namespace(record)
    assert xp.exp(person / 2.0).depends is P
    assert (person**person).depends is P
    assert (2.0 * step + 1.0).depends is S
    assert (xp.sqrt(step) * person).depends is V
    assert (varying * 0.0).depends is N


# Arrays -------------------------------------------------------------------------------------------------------


def test_an_array_of_expressions_is_taken_element_by_element() -> None:
    record, step, person, varying = three_inputs()
    array = np.array([[step, person], [varying, person]], dtype=object)
    xp = Namespace(record)
    for made, single in (
        (array + person, lambda e: e + person),
        (person + array, lambda e: person + e),
        (2.0 * array, lambda e: 2.0 * e),
        (person / array, lambda e: person / e),
        (person - array, lambda e: person - e),
        (xp.maximum(array, 0.0), lambda e: xp.maximum(e, 0.0)),
        (xp.exp(array), xp.exp),
        (record.power(array, person), lambda e: e**person),
    ):
        assert made.shape == (2, 2)
        assert made.dtype == object
        assert all(made[place] is single(array[place]) for place in np.ndindex(2, 2))


def test_arrays_broadcast_as_in_numpy() -> None:
    _, step, person, varying = three_inputs()
    column, row = np.array([[step], [person]], dtype=object), np.array([varying, person, step], dtype=object)
    product = column * row
    assert product.shape == (2, 3)
    assert product[1, 2] is person * step
    numbers = person * np.array([0.0, 1.0, 2.0])
    assert numbers.tolist() == [person.record.constant(0.0), person, person * 2.0]


# Powers -------------------------------------------------------------------------------------------------------


def value_of(power: Any, base: Expression, number: float) -> float:
    return float(evaluate([power], {base.name: np.asarray(number)})[0])


@given(st.floats(1e-200, 1e6), st.floats(0.0, 3.0))
def test_a_power_is_that_of_numpy(base: float, exponent: float) -> None:
    person = three_inputs()[2]
    value = value_of(person**exponent, person, base)
    # The error of the logarithm grows with the size of the exponent of e, here at most 3 x 460.
    assert value == pytest.approx(base**exponent, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.3])
def test_a_power_of_zero_is_next_to_zero_and_no_fault(exponent: float) -> None:
    person = three_inputs()[2]
    assert 0.0 <= value_of(person**exponent, person, 0.0) <= 1e-149
    record = Record()
    assert 0.0 <= record.power(0.0, exponent).number <= 1e-149


def test_zero_to_the_power_of_zero_is_one_as_in_numpy() -> None:
    record, _, person, _ = three_inputs()
    assert value_of(person**0.0, person, 0.0) == 1.0
    assert record.power(0.0, 0.0).number == 1.0


def test_a_power_of_a_number_with_an_individual_exponent() -> None:
    person = three_inputs()[2]
    assert value_of(2.0**person, person, 3.0) == pytest.approx(8.0, rel=1e-14)


# A chain that is recorded is the chain -----------------------------------------------------------------------


def recorded(chain: Chain, stages: int, numbers: Mapping[str, Any]) -> list[np.ndarray]:
    """Stage values and channels of one step: recorded, then computed from the record."""
    record = Record()
    xp = Namespace(record)
    known: dict[str, Any] = {}

    def given_as(name: str, depends: Depends, value: Any) -> Expression:
        expression = record.given(name, depends)
        known[name] = value
        return expression

    step_h = given_as("step", Depends.STEP, numbers["step_h"])
    values = {name: given_as(name, Depends.PERSON, numbers["values"][name]) for name in chain.values}
    nodes = np.empty((chain.enantiomers, chain.series, stages), dtype=object)
    for place in np.ndindex(*nodes.shape):
        nodes[place] = given_as(f"node {place}", Depends.VARYING, numbers["nodes"][place])
    states = tuple(given_as(f"state {i}", Depends.VARYING, numbers["states"][i]) for i in range(len(numbers["states"])))
    made = chain.advance(xp, step_h, nodes, states, values)
    seen = chain.observe(xp, nodes[:, :, -1], states, values)
    return [np.asarray(value) for value in evaluate([*(e for state in made for e in state), *seen], known)]


def direct(chain: Chain, numbers: Mapping[str, Any]) -> list[np.ndarray]:
    given = numbers["step_h"], numbers["nodes"], tuple(numbers["states"]), numbers["values"]
    made = chain.advance(np, *given)
    seen = chain.observe(np, numbers["nodes"][:, :, -1], given[2], given[3])
    return [np.asarray(value) for value in [*(value for state in made for value in state), *seen]]


def numbers_for(chain: Chain, stages: int, values: Mapping[str, Any], people: int) -> dict[str, Any]:
    rng = np.random.default_rng(8)
    states = [1.0 + rng.random(people), *(0.5 * rng.random((chain.states - 1, people)))]
    nodes = rng.random((chain.enantiomers, chain.series, stages, people))
    nodes[..., 0] = 0.0
    return {"step_h": 0.37, "values": values, "states": states, "nodes": nodes}


@pytest.mark.parametrize("stages", [3, 5])
@pytest.mark.parametrize("name", ["model", "reference problem"])
def test_a_recorded_chain_computes_what_its_equations_compute(name: str, stages: int) -> None:
    people = 7
    model = {n: np.broadcast_to(v, (people,)) for n, v in case_of("ketamine 35 mg IV", people).values.items()}
    chain, values = {
        "model": (cascade.CHAIN, model),
        "reference problem": (reference_chain(), reference().people(people)),
    }[name]
    numbers = numbers_for(chain, stages, values, people)
    for ours, theirs in zip(recorded(chain, stages, numbers), direct(chain, numbers), strict=True):
        # The same operations in the same order, but for powers.
        np.testing.assert_allclose(np.broadcast_to(ours, (people,)), theirs, rtol=1e-12, atol=1e-15)


def test_what_a_patient_alone_decides_is_recognised_in_the_model() -> None:
    chain, record = cascade.CHAIN, Record()
    values = {name: record.given(name, Depends.PERSON) for name in chain.values}
    nodes = np.empty((2, 3, 3), dtype=object)
    for place in np.ndindex(*nodes.shape):
        nodes[place] = record.given(f"node {place}", Depends.VARYING)
    states = tuple(record.given(f"state {i}", Depends.VARYING) for i in range(chain.states))
    step_h = record.given("step", Depends.STEP)
    made = chain.advance(Namespace(record), step_h, nodes, states, values)
    everything = reached([e for state in made for e in state])
    hidden = [e for e in everything if e.depends is V and e.arguments and all(a.depends <= P for a in e.arguments)]
    # Only a product of a patient's value with the length of the step may vary although nothing in it does.
    assert all({a.depends for a in e.arguments} == {S, P} for e in hidden)
    assert sum(e.depends is P and bool(e.arguments) for e in everything) > 10
    assert all(math.isfinite(e.number) for e in everything)
    assert set(values.values()) <= set(everything) | set(
        reached(list(chain.observe(Namespace(record), nodes[:, :, -1], states, values)))
    )
