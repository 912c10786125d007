"""Compiling the kernel for this processor, once: the machine code is kept on disk and loaded by the next process."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ketascope.errors import InputError
from ketascope.files import write_aside
from ketascope.solver.chain import Chain
from ketascope.solver.native.kernel import ADDRESSES, COUNTS, NAME, Layout, kernel_text

# Constants near the code, so that an instruction reads them by itself. LLVM's newer linker puts both into one block of
# memory and checks the distance; on Windows it cannot link this, and constants are reached by their whole address.
HAS_NEAR_CONSTANTS = sys.platform != "win32"
CODE_MODEL, RELOCATION = ("small", "pic") if HAS_NEAR_CONSTANTS else ("jitdefault", "default")
_DIGEST_BYTES = 32
_KERNELS_KEPT = 24


class Program:
    """A compiled kernel. `run(counts, addresses)` advances patients; it holds no lock of Python meanwhile."""

    def __init__(self, chain: Chain, layout: Layout) -> None:
        import llvmlite
        from llvmlite import binding

        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        self.text = kernel_text(chain, layout)
        processor, features = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
        about = (self.text.assembly, CODE_MODEL, RELOCATION, llvmlite.__version__, processor, features, sys.platform)
        kept_in = _cache_file(hashlib.sha256("\0".join(about).encode()).hexdigest())
        code = _read(kept_in)
        self.is_from_cache = code is not None
        if code is None:
            code = self._compiled(processor, features)
            _keep(kept_in, code)
        linker = binding.create_lljit_compiler(use_jit_link=HAS_NEAR_CONSTANTS)
        # The code lives as long as this.
        self._linked = binding.JITLibraryBuilder().add_object_img(code).export_symbol(NAME).link(linker, NAME)
        kinds = [ctypes.c_int64] * len(COUNTS) + [ctypes.c_void_p] * len(ADDRESSES)
        self._call = ctypes.CFUNCTYPE(None, *kinds)(self._linked[NAME])

    def _compiled(self, processor: str, features: str) -> bytes:
        from llvmlite import binding

        machine = binding.Target.from_default_triple().create_target_machine(
            processor, features, opt=3, reloc=RELOCATION, codemodel=CODE_MODEL, jit=True
        )
        module = binding.parse_assembly(self.text.assembly)
        module.verify()
        tuning = binding.create_pipeline_tuning_options(speed_level=3)
        builder = binding.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(module, builder)
        code: bytes = machine.emit_object(module)
        return code

    def run(self, counts: Mapping[str, int], addresses: Mapping[str, int]) -> None:
        """Call the kernel; arguments by the names in `kernel.COUNTS` and `kernel.ADDRESSES`, of arrays in C order."""
        self._call(*[counts[name] for name in COUNTS], *[addresses[name] for name in ADDRESSES])


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
    """Machine code that was kept whole under this name; None for none, or for a damaged or renamed file."""
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return code if code and _digest(path, code) == digest else None


def _keep(path: Path | None, code: bytes) -> None:
    """Keep machine code for the next process; on a full or read-only disk that one compiles again."""
    if path is None:
        return
    with contextlib.suppress(InputError, OSError):
        write_aside(path, _digest(path, code) + code)
        # Kernels of earlier versions and other models; one that is still wanted is compiled again.
        newest_first = sorted(path.parent.glob("*.o"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in newest_first[_KERNELS_KEPT:]:
            old.unlink(missing_ok=True)


def _digest(path: Path, code: bytes) -> bytes:
    """Of the code and of what it was compiled from, which is the file's name."""
    return hashlib.sha256(path.stem.encode() + code).digest()
