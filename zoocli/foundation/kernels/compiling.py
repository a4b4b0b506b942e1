"""How kernels are compiled: by numba once for each machine, and afterwards without numba.

Importing numba and preparing its compiler takes longer than scoring ten thousand galaxies. So the
machine code is kept on disk, and later runs load it with llvmlite alone in a tenth of that time. A
kernel is called through ctypes, which releases the GIL, with the addresses of numpy arrays and with
numbers.

numba has no public way to export machine code: `_machine_code`, and nothing else, uses its
internals. Where a version of numba has other internals, kernels are called through numba itself:
the numbers are the same, but every process compiles.

Kernels do only what needs no support at run time: they allocate nothing (scratch arrays come as
arguments), return nothing (results go into arrays) and raise nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoocli.foundation.regular_files import read_regular

FOLDER = Path(__file__).parent
CACHE_VARIABLE = "ZOOCLI_CACHE_DIR"
MAGIC = b"zoocli machine code\n"  # begins each file that is written here
DIGEST_BYTES = 32
# The kernel, and either its version and a hash of all else, or what mkstemp made up.
OWN_NAME = re.compile(r"(\w+)-(?:([0-9a-f]{16})-[0-9a-f]{16}\.bin|draft-\w{8})")
STALE_DAYS = 7
INTEGER = np.dtype(np.int64)
OPTIONS = {"nogil": True, "error_model": "numpy"}
# numba's code refers to its memory manager, though kernels allocate nothing and never call it.
NEVER_CALLED = "NRT_MemInfo_call_dtor"

Function = Callable[..., Any]
Native = Callable[[tuple[Any, ...]], int]  # from a kernel's arguments to 0, or another number
Kind = tuple[np.dtype[Any], int]  # the type, and the dimensions (0: a number)


@dataclass
class Compilation:
    """The compiling that this process did: `seconds` is 0 where all code was found on disk.

    `kept`: the next process will find the code on disk. `exportable`: numba gives it away at all.
    """

    seconds: float = 0.0
    kept: bool = True
    exportable: bool = True


compilation = Compilation()
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
        self._compiled: dict[tuple[Kind, ...], Native] = {}
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> None:
        """Runs the kernel; other Python threads run at the same time."""
        kinds = tuple(_kind(argument) for argument in arguments)
        native = self._compiled.get(kinds)
        if native is None:
            with _lock:  # another thread may have made it meanwhile
                native = self._compiled.get(kinds) or _native(self.function, kinds)
                self._compiled[kinds] = native
        failed = native(arguments)
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


def _native(function: Function, kinds: tuple[Kind, ...]) -> Native:
    """The kernel for these types: from disk, or else compiled and kept there."""
    name = _cache_name(function, kinds)
    code = _read_code(name)
    if code is not None:
        return _load(code, kinds)
    start = time.perf_counter()
    dispatcher, entry = _compile(function, kinds)
    code = _machine_code(entry)
    compilation.seconds += time.perf_counter() - start
    if code is None:
        compilation.exportable = compilation.kept = False
        return _dispatch(dispatcher)
    compilation.kept &= _keep_code(name, code)
    return _load(code, kinds)


def _load(code: bytes, kinds: tuple[Kind, ...]) -> Native:
    """Links what `_machine_code` gave into this process."""
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

    def call(arguments: tuple[Any, ...]) -> int:
        result, error = ctypes.c_void_p(), ctypes.c_void_p()
        return int(native(ctypes.byref(result), ctypes.byref(error), *_flat(arguments)))

    return call


def _dispatch(dispatcher: Any) -> Native:
    """Calls a kernel through numba, with whole numbers of the same type as `_load`."""

    def call(arguments: tuple[Any, ...]) -> int:
        dispatcher(*(a if isinstance(a, np.ndarray) else int(a) for a in arguments))
        return 0

    return call


def _compile(function: Function, kinds: tuple[Kind, ...]) -> tuple[Any, Any]:
    """numba's dispatchers of the function and, compiled for these types, of an entry to it.

    The entry takes numbers and addresses, makes arrays of these, and calls the function.
    """
    import numba

    from zoocli.foundation.kernels import pointers

    numba.config.DISABLE_JIT = 0  # the variable NUMBA_DISABLE_JIT is for debugging other programs

    pointers.register(_inlined)
    dispatcher = numba.njit(function, **OPTIONS)
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
    names: dict[str, Any] = {"carray": numba.carray, "kernel": dispatcher}
    exec(source, names)  # the text holds nothing but numbered names
    entry = numba.njit(
        numba.types.void(*types), no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS
    )(names["entry"])
    return dispatcher, entry


def _machine_code(entry: Any) -> bytes | None:
    """The object code of a compiled entry, after a line with its symbol; None where it is missing.

    The only use of numba's internals.
    """
    try:
        (compiled,) = entry.overloads.values()
        symbol = compiled.fndesc.llvm_func_name.encode()
        objects = compiled.library._get_compiled_object()
        return bytes(symbol + b"\n" + objects) if symbol in objects else None
    except (AttributeError, TypeError, ValueError):
        return None


def _cache_name(function: Function, kinds: tuple[Kind, ...]) -> str:
    """The kernel, the version of all kernels and of the compiler, and a hash of all else."""
    code = function.__code__
    types = [(dtype.str, dimensions) for dtype, dimensions in kinds]
    what = repr((function.__module__, code.co_code, code.co_consts, types, _processor()))
    return f"{function.__name__}-{_version()}-{hashlib.sha256(what.encode()).hexdigest()[:16]}.bin"


@functools.cache
def _version() -> str:
    import llvmlite

    what = hashlib.sha256(llvmlite.__version__.encode())  # it changes with numba's version
    for file in sorted(FOLDER.glob("*.py")):
        what.update(file.read_bytes())
    return what.hexdigest()[:16]


@functools.cache
def _processor() -> str:
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features().flatten()
    return f"{llvm.get_default_triple()} {llvm.get_host_cpu_name()} {features}"


def _cache_folders() -> Iterator[Path]:
    """Beside the sources, else in the user's cache folder; or only where the user says."""
    if os.environ.get(CACHE_VARIABLE):
        yield Path(os.environ[CACHE_VARIABLE])
        return
    yield FOLDER / "__pycache__"
    with contextlib.suppress(RuntimeError):  # there is no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zoocli"


def cache_folder() -> Path | None:
    """Where code is kept: the first folder that can be written; None without any."""
    for folder in _cache_folders():
        there = next(one for one in (folder, *folder.parents) if one.exists())
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            return folder
    return None


def _read_code(name: str) -> bytes | None:
    """The code that `_keep_code` wrote; None where it is missing, damaged or not to be trusted."""
    for folder in _cache_folders():
        with contextlib.suppress(OSError):
            content = read_regular(folder / name, trusted=True).removeprefix(MAGIC)
            digest, code = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
            if hashlib.sha256(code).digest() == digest:
                return code
    return None


def _keep_code(name: str, code: bytes) -> bool:
    """Writes the code to the first writable folder, in place of old versions; False if none is.

    A file appears complete or not at all: several processes may compile at the same time.
    """
    kernel, version, _ = name.split("-")
    for folder in _cache_folders():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(prefix=f"{kernel}-draft-", dir=folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(MAGIC + hashlib.sha256(code).digest() + code)
                os.chmod(draft, 0o644)  # for other users of the same installation
                os.replace(draft, folder / name)
            finally:
                Path(draft).unlink(missing_ok=True)
            _remove_stale(folder, kernel, version)
            return True
    return False


def _remove_stale(folder: Path, kernel: str, version: str) -> None:
    """Removes other versions of a kernel, and drafts of it that a killed process left behind.

    Not within a week: versions may share a folder, and would compile again and again. A process
    that misses a file compiles it. Files that this module did not write, by name and by how they
    begin, stay: the user may have named a folder that holds others.
    """
    stale = time.time() - STALE_DAYS * 24 * 3600
    for file in folder.glob(f"{kernel}-*"):
        name = OWN_NAME.fullmatch(file.name)
        with contextlib.suppress(OSError):  # another process may have removed it
            if not name or name[1] != kernel or name[2] == version:
                continue
            old = file.stat().st_mtime < stale
            if old and read_regular(file, trusted=True).startswith(MAGIC):
                file.unlink()
