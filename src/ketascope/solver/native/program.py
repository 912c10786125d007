"""Compiling the kernel for this processor, once: the machine code is kept on disk and loaded by the next process."""

from __future__ import annotations

import ctypes
import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import Any

from ketascope.errors import InputError
from ketascope.files import write_aside
from ketascope.solver.chain import Chain
from ketascope.solver.native.kernel import ADDRESSES, COUNTS, NAME, Layout, module_text

_DIGEST_BYTES = 32


class Program:
    """A compiled kernel. `run(counts, addresses)` advances patients; it holds no lock of Python meanwhile."""

    def __init__(self, chain: Chain, layout: Layout) -> None:
        import llvmlite
        from llvmlite import binding

        self.lanes = layout.lanes
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        self.text = module_text(chain, layout)
        features = binding.get_host_cpu_features().flatten()
        about = (self.text, llvmlite.__version__, binding.get_host_cpu_name(), features, sys.platform)
        self._cache = _cache_file(hashlib.sha256("\0".join(about).encode()).hexdigest())
        target = binding.Target.from_default_triple()
        machine = target.create_target_machine(binding.get_host_cpu_name(), features, opt=3, jit=True)
        module = binding.parse_assembly(self.text)
        module.verify()
        kept = _read(self._cache)
        self.is_from_cache = kept is not None
        if kept is None:
            tuning = binding.create_pipeline_tuning_options(speed_level=3)
            builder = binding.create_pass_builder(machine, tuning)
            builder.getModulePassManager().run(module, builder)
        self._engine = binding.create_mcjit_compiler(module, machine)
        self._engine.set_object_cache(self._keep, lambda _: kept)
        self._engine.finalize_object()
        kinds = [ctypes.c_int64] * len(COUNTS) + [ctypes.c_void_p] * len(ADDRESSES)
        self._call = ctypes.CFUNCTYPE(None, *kinds)(self._engine.get_function_address(NAME))

    def run(self, counts: dict[str, int], addresses: dict[str, Any]) -> None:
        """Call the kernel; arguments by the names in `kernel.COUNTS` and `kernel.ADDRESSES`, arrays in C order."""
        self._call(*(counts[name] for name in COUNTS), *(addresses[name].ctypes.data for name in ADDRESSES))

    def _keep(self, module: Any, machine_code: bytes) -> None:
        if self._cache is None:
            return
        try:
            write_aside(self._cache, hashlib.sha256(machine_code).digest() + machine_code)
        except InputError:
            self._cache = None  # a full or read-only disk: the next process compiles again


@cache
def program(chain: Chain, layout: Layout) -> Program:
    """The compiled kernel of a chain; made once in a process."""
    return Program(chain, layout)


def _cache_file(key: str) -> Path | None:
    """Where the machine code is kept; None where no folder for it can be made."""
    from platformdirs import user_cache_path

    folder = user_cache_path("ketascope", appauthor=False) / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder / f"{key}.o"


def _read(path: Path | None) -> bytes | None:
    """Machine code that was kept whole; None for none, or for a damaged file."""
    try:
        content = path.read_bytes() if path is not None else b""
    except OSError:
        return None
    digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return code if code and hashlib.sha256(code).digest() == digest else None
