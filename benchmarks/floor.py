"""How near the solver is to the arithmetic of this machine: operations a patient needs, and how many a core can do."""

from __future__ import annotations

import ctypes
import time
from collections import Counter

import numpy as np
from llvmlite import binding, ir
from peers import ketascope_native as ours

from ketascope.solver.native import kernel
from ketascope.solver.native.expression import Depends, reached
from ketascope.solver.native.instructions import EXP_TERMS, LOG_TERMS, Lanes

# Arithmetic instructions of a written-out function, products and sums counted apart.
EXP_OPERATIONS, LOG_OPERATIONS = 2 * EXP_TERMS + 8, 2 * LOG_TERMS + 10
CHAINS, TURNS = 16, 200_000


def operations_per_patient() -> dict[str, float]:
    """Operations of the reference problem on its tuned grid, by part; a division or root counts as one."""
    grid = ours.tuned()[0]
    layout, chain = ours.LAYOUT, ours.CHAIN
    traced = kernel._trace(chain, layout.stages)
    everything = reached([*(e for state in traced.stages for e in state), *traced.channels])
    varying = [e for e in everything if e.depends is Depends.VARYING and e.operation != "given"]
    cost = {"exp": EXP_OPERATIONS, "log": LOG_OPERATIONS}
    chain_operations = sum(cost.get(e.operation, 1) for e in varying)
    steps, modes, outputs = len(grid) - 1, 5, 200
    lengths = Counter(np.diff(grid).round(12).tolist())
    points = len(lengths) * (layout.stages + outputs / steps)
    series = chain.series
    return {
        "decay factors": points * modes * (EXP_OPERATIONS + 1),
        "concentrations": steps * layout.stages * modes * (1 + 2 * series) + steps * modes,
        "collocation": float(steps * chain_operations),
        "outputs": outputs * (modes * 3 + 2 * (layout.stages + 1)),
    }


def operations_per_second() -> float:
    """Products and sums a second of one core in independent fused chains: what the processor does at best."""
    module = ir.Module(name="peak")
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [ir.PointerType(), ir.IntType(64)]), name="peak")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    lanes = Lanes(builder, ours.LAYOUT.lanes)
    start = lanes.load(function.args[0])
    body, after = (function.append_basic_block(name) for name in ("body", "after"))
    entry = builder.block
    builder.branch(body)
    builder.position_at_end(body)
    turn = builder.phi(ir.IntType(64))
    turn.add_incoming(ir.Constant(ir.IntType(64), 0), entry)
    values = []
    for _ in range(CHAINS):
        value = builder.phi(lanes.vector)
        value.add_incoming(start, entry)
        values.append(value)
    new = [lanes.add(lanes.multiply(value, start), lanes.constant(float(i))) for i, value in enumerate(values)]
    following = builder.add(turn, ir.Constant(ir.IntType(64), 1))
    turn.add_incoming(following, body)
    for value, made in zip(values, new, strict=True):
        value.add_incoming(made, body)
    builder.cbranch(builder.icmp_signed("<", following, function.args[1]), body, after)
    builder.position_at_end(after)
    total = new[0]
    for made in new[1:]:
        total = lanes.add(total, made)
    lanes.store(total, function.args[0])
    builder.ret_void()

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(
        binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten(), opt=3, jit=True
    )
    parsed = binding.parse_assembly(str(module))
    built = binding.create_mcjit_compiler(parsed, machine)
    built.finalize_object()
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(built.get_function_address("peak"))
    best = 0.0
    for _ in range(9):
        memory = np.full(ours.LAYOUT.lanes, 0.5)
        begin = time.perf_counter()
        call(memory.ctypes.data, TURNS)
        best = max(best, 2.0 * CHAINS * TURNS * ours.LAYOUT.lanes / (time.perf_counter() - begin))
    return best


def report(patients_per_second: float) -> list[str]:
    """Lines of Markdown; patients_per_second: of the same run, on one core."""
    parts = operations_per_patient()
    total, peak = sum(parts.values()), operations_per_second()
    shares = ", ".join(f"{name} {100.0 * value / total:.0f}%" for name, value in parts.items())
    return [
        f"A patient takes {total / 1e3:.0f} thousand operations ({shares}); 260 steps of three stages were counted as "
        "180 thousand. At the best rate of this core in independent fused products and sums, measured in the same run, "
        f"the solver would be {peak / total / patients_per_second:.1f} times as fast: it reaches "
        f"{100.0 * patients_per_second * total / peak:.0f}% of that limit. Divisions and roots count as one operation "
        "there and cost eight to sixteen.",
    ]
