"""How kernels are compiled: by numba once for each machine, and afterwards without numba.

Importing numba and readying its compiler takes longer than scoring ten thousand galaxies. So the
machine code that it made is kept on disk, and later runs load it with llvmlite alone, which takes a
tenth of that. A kernel is called with numpy arrays and numbers through ctypes, which lets other
threads run meanwhile.

Kernels keep to what needs no support at run time: they allocate nothing (scratch arrays come as
arguments), return nothing (results go into arrays) and raise nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
CACHE_VARIABLE = "ZOOCLI_CACHE_DIR"
DIGEST_BYTES = 32
INTEGER = np.dtype(np.int64)
OPTIONS = {"nogil": True, "error_model": "numpy"}
# Numba's code names its memory manager, even where nothing is allocated and it is never called.
NEVER_CALLED = "NRT_MemInfo_call_dtor"

Function = Callable[..., Any]
Kind = tuple[np.dtype[Any], int]  # the type, and the dimensions (0: a number)

all_kept = True  # whether the next process finds on disk what this one compiled
compile_seconds = 0.0  # spent by this process; nothing where everything was found on disk
_inlined: list[Function] = []
_alive: list[Any] = []  # the engines that own the machine code
_lock = threading.RLock()


def inlined(function: Function) -> Function:
    """For small functions that kernels call: they become part of them."""
    _inlined.append(function)
    return function


class Kernel:
    """A function over arrays that runs as machine code, made for the types that it is called with.

    Arrays must be contiguous; whole numbers are taken as 64 bits.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self._compiled: dict[tuple[Kind, ...], Callable[..., int]] = {}
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> None:
        """Runs the kernel; other Python threads run at the same time."""
        kinds = tuple(_kind(argument) for argument in arguments)
        native = self._compiled.get(kinds)
        if native is None:
            with _lock:  # another thread may have made it meanwhile
                native = self._compiled.get(kinds) or _native(self.function, kinds)
                self._compiled[kinds] = native
        failed = native(_flat(arguments))
        if failed:
            raise RuntimeError(f"the kernel {self.function.__name__} failed: {failed}")


def compiled(function: Function) -> Kernel:
    """Makes a kernel of a function; it is compiled or loaded when it is first called."""
    return Kernel(function)


def _kind(argument: Any) -> Kind:
    if isinstance(argument, np.ndarray):
        if not argument.flags.c_contiguous:
            raise ValueError("kernels take contiguous arrays")
        return argument.dtype, argument.ndim
    return INTEGER, 0


def _flat(arguments: tuple[Any, ...]) -> list[Any]:
    """Each array as its address and its lengths, as the compiled entry takes them."""
    flat: list[Any] = []
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            flat += [argument.ctypes.data, *argument.shape]
        else:
            flat.append(int(argument))
    return flat


def _native(function: Function, kinds: tuple[Kind, ...]) -> Callable[[list[Any]], int]:
    """The machine code for these types: from disk, or else compiled and kept there."""
    global all_kept
    name = _cache_name(function, kinds)
    code = _read_code(name)
    if code is None:
        code = _compile(function, kinds)
        all_kept &= _keep_code(name, code)
    return _load(code, kinds)


def _load(code: bytes, kinds: tuple[Kind, ...]) -> Callable[[list[Any]], int]:
    """Links machine code into this process; it begins with a line that names its entry."""
    import llvmlite.binding as llvm

    entry, _, objects = code.partition(b"\n")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    if llvm.address_of_symbol(NEVER_CALLED) is None:
        harmless = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, ctypes.c_void_p).value
        llvm.add_symbol(NEVER_CALLED, harmless)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(objects))
    engine.finalize_object()
    _alive.append(engine)
    types: list[Any] = []
    for _, dimensions in kinds:
        types += (
            [ctypes.c_void_p] + [ctypes.c_int64] * dimensions if dimensions else [ctypes.c_int64]
        )
    address = engine.get_function_address(entry.decode())
    native = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *types)(address)

    def call(arguments: list[Any]) -> int:
        result, error = ctypes.c_void_p(), ctypes.c_void_p()
        return int(native(ctypes.byref(result), ctypes.byref(error), *arguments))

    return call


def _compile(function: Function, kinds: tuple[Kind, ...]) -> bytes:
    """The machine code of an entry that makes arrays of addresses and calls the function."""
    global compile_seconds
    start = time.perf_counter()
    import numba

    from zoocli.kernels import pointers

    numba.config.DISABLE_JIT = 0  # the variable NUMBA_DISABLE_JIT is for debugging other programs

    pointers.register(_inlined)
    parameters: list[str] = []
    types: list[Any] = []
    arrays: list[str] = []
    for number, (dtype, dimensions) in enumerate(kinds):
        lengths = [f"n{number}_{axis}" for axis in range(dimensions)]
        parameters += [f"a{number}", *lengths]
        kind = numba.from_dtype(dtype)
        types += [numba.types.CPointer(kind) if dimensions else kind]
        types += [numba.types.int64] * dimensions
        shape = ", ".join(lengths)
        arrays.append(f"carray(a{number}, ({shape},))" if dimensions else f"a{number}")
    source = f"def entry({', '.join(parameters)}):\n    kernel({', '.join(arrays)})\n"
    names: dict[str, Any] = {"carray": numba.carray, "kernel": numba.njit(function, **OPTIONS)}
    exec(source, names)  # the text holds nothing but numbered names
    entry = numba.njit(
        numba.types.void(*types), no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS
    )(names["entry"])
    result = entry.overloads[entry.signatures[0]]
    name = result.fndesc.llvm_func_name.encode()
    compile_seconds += time.perf_counter() - start
    return bytes(name + b"\n" + result.library._get_compiled_object())


def _cache_name(function: Function, kinds: tuple[Kind, ...]) -> str:
    """A file name for each source, processor and combination of types."""
    code = function.__code__
    what = hashlib.sha256(_sources_and_processor())
    types = [(dtype.str, dimensions) for dtype, dimensions in kinds]
    what.update(repr((function.__module__, code.co_code, code.co_consts, types)).encode())
    return f"{function.__name__}-{what.hexdigest()[:24]}.bin"


@functools.cache
def _sources_and_processor() -> bytes:
    import llvmlite
    import llvmlite.binding as llvm

    parts = [file.read_bytes() for file in sorted(FOLDER.glob("*.py"))]
    processor = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    compiler = f"{llvm.get_default_triple()} {llvmlite.__version__}"  # moves with numba's version
    return b"".join([*parts, processor.encode(), compiler.encode()])


def _cache_folders() -> Iterator[Path]:
    """Beside the sources, else in the user's folder for caches; or just where the user says."""
    if os.environ.get(CACHE_VARIABLE):
        yield Path(os.environ[CACHE_VARIABLE])
        return
    yield FOLDER / "__pycache__"
    with contextlib.suppress(RuntimeError):  # there is no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zoocli"


def _read_code(name: str) -> bytes | None:
    """What `_keep_code` wrote; None where it is missing or damaged."""
    for folder in _cache_folders():
        with contextlib.suppress(OSError):
            content = (folder / name).read_bytes()
            digest, code = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
            if hashlib.sha256(code).digest() == digest:
                return code
    return None


def _keep_code(name: str, code: bytes) -> bool:
    """Writes it to the first folder that can be written; False where there is none.

    Whole or not at all: several processes may compile at the same time.
    """
    for folder in _cache_folders():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(code).digest() + code)
                os.chmod(draft, 0o644)  # for other users of the same installation
                os.replace(draft, folder / name)
                return True
            finally:
                Path(draft).unlink(missing_ok=True)
    return False
