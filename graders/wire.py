"""The codec between the judge and the sandbox: data only, read as if an enemy wrote it.

A message is a tree of arrays, numpy scalars, Python scalars, strings, ``None``, tuples, lists and
dicts with string keys. On the wire it is an uncompressed ``.npz``: one ``.npy`` member per array and
one more, ``skeleton.npy``, whose bytes are JSON that says where each array belongs. Nothing is ever
pickled. A leaf that cannot be sent, a generator say, arrives as `Unsupported` with its type's name.

The file is also copied into the sandbox on its own, so it imports only the standard library and numpy.
"""

from __future__ import annotations

import json
import math
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_BYTES = 32 * 2**20
MAX_ARRAYS = 10_000
MAX_DEPTH = 32
MAX_NODES = 250_000
MAX_SKELETON = 4 * 2**20
MAX_DIGITS = 1000
MAX_TYPE_NAME = 200

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    r"\{'descr': '([<>|=]?[biufc]\d{1,2})', 'fortran_order': False, "
    r"'shape': \((|\d{1,19},|\d{1,19}(?:, \d{1,19})+)\), \} *\n"
)
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_ZIP_DATE = 0x21  # 1 January 1980, the first day a zip can name: equal trees make equal bytes


class WireError(ValueError):
    """Bytes that are not a message, or a tree that is too large to be one."""


@dataclass(frozen=True)
class Unsupported:
    """What arrives in place of a value that cannot be sent.

    >>> decode(encode([1.5, (n for n in "ab")]))
    [1.5, Unsupported(type_name='generator')]
    """

    type_name: str


def encode(
    tree: Any,
    *,
    max_bytes: int = MAX_BYTES,
    max_arrays: int = MAX_ARRAYS,
    max_depth: int = MAX_DEPTH,
    refuse: bool = False,
) -> bytes:
    """The bytes of a tree. Raises `WireError` when it is larger than the caps.

    A leaf that cannot be sent becomes `Unsupported`; with ``refuse`` it raises `WireError` too.

    >>> tree = {"loss": np.float32(0.5), "shape": (2, 3)}
    >>> decode(encode(tree))
    {'loss': np.float32(0.5), 'shape': (2, 3)}
    """
    writer = _Writer(max_bytes, max_arrays, max_depth, refuse)
    skeleton = json.dumps(writer.node(tree, 0), separators=(",", ":")).encode("ascii")
    if len(skeleton) > min(MAX_SKELETON, max_bytes):
        raise WireError(f"The tree's skeleton takes {len(skeleton):,} bytes: too many to be sent.")
    data = _zip([("skeleton.npy", _npy(np.frombuffer(skeleton, np.uint8))), *writer.members()])
    if len(data) > max_bytes:
        raise WireError(f"The message takes {len(data):,} bytes; at most {max_bytes:,} may be sent.")
    return data


def decode(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_arrays: int = MAX_ARRAYS, max_depth: int = MAX_DEPTH
) -> Any:
    """The tree in the bytes. Any flaw in them, wherever they came from, raises `WireError`.

    >>> decode(b"PK")
    Traceback (most recent call last):
    ...
    graders.wire.WireError: The message has 2 bytes: too few for an archive.
    """
    if len(data) > max_bytes:
        raise WireError(f"The message has {len(data):,} bytes; at most {max_bytes:,} are read.")
    try:
        members = _unzip(memoryview(data), max_arrays)
        skeleton = bytes(members[0])
        if len(skeleton) > MAX_SKELETON:
            raise WireError(f"The skeleton has {len(skeleton):,} bytes; at most {MAX_SKELETON:,} are read.")
        tree = json.loads(skeleton.decode("ascii"), parse_int=_integer)
        return _Reader(members[1:], max_depth).node(tree, 0)
    except WireError:
        raise
    except Exception as error:
        # Nothing above is meant to fail in another way; an enemy's bytes are no place to rely on that.
        raise WireError(f"The message cannot be read ({type(error).__name__}).") from None


# ------------------------------------------------------------------------------------ trees


class _Writer:
    """Turns a tree into JSON and a list of arrays."""

    def __init__(self, max_bytes: int, max_arrays: int, max_depth: int, refuse: bool) -> None:
        self.refuse = refuse
        self.max_bytes, self.max_arrays, self.max_depth = max_bytes, max_arrays, max_depth
        self.nodes = self.bytes = 0
        self.arrays: list[np.ndarray | list[Any]] = []
        self.pools: dict[str, int] = {}

    def members(self) -> list[tuple[str, bytes]]:
        pools = {at: descr for descr, at in self.pools.items()}
        return [
            (f"{at}.npy", _npy(array if isinstance(array, np.ndarray) else np.array(array, pools[at])))
            for at, array in enumerate(self.arrays)
        ]

    def node(self, value: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"The tree has more than {MAX_NODES:,} parts: too many to be sent.")
        # A student's class can overload __class__, __iter__, __float__ and the rest. type() and the
        # methods of the built-in base, called on the base, run none of that.
        kind = type(value)
        if value is None or kind is bool:
            return value
        if issubclass(kind, (np.ndarray, np.generic)) and not issubclass(kind, (np.str_, np.bytes_)):
            return self.array(value, kind)
        if issubclass(kind, str):
            self.count(len(value))
            return str.__str__(value)
        if issubclass(kind, int):
            return self.integer(int.__int__(value))
        if issubclass(kind, float):
            return float.__float__(value)
        if issubclass(kind, complex):
            return {"complex": [complex.__complex__(value).real, complex.__complex__(value).imag]}
        if issubclass(kind, (list, tuple, dict)):
            if depth >= self.max_depth:
                return self.unsupported(f"{_name(kind)} nested deeper than {self.max_depth} levels")
            return self.container(value, kind, depth + 1)
        return self.unsupported(value.type_name if kind is Unsupported else _name(kind))

    def container(self, value: Any, kind: type, depth: int) -> Any:
        if issubclass(kind, dict):
            items = list(dict.items(value))
            for key, _ in items:
                if not issubclass(type(key), str):
                    return self.unsupported(f"{_name(kind)} with a key of type {_name(type(key))}")
            return {"dict": [[str.__str__(key), self.node(part, depth)] for key, part in items]}
        if issubclass(kind, list):
            return [self.node(part, depth) for part in list.__iter__(value)]
        return {"tuple": [self.node(part, depth) for part in tuple.__iter__(value)]}

    def integer(self, value: int) -> Any:
        if value.bit_length() > MAX_DIGITS * math.log2(10):
            return self.unsupported(f"int of more than {MAX_DIGITS:,} digits")
        return value

    def array(self, value: Any, kind: type) -> Any:
        try:
            array = np.asarray(value)
            supported = type(array) is np.ndarray and array.dtype.kind in "biufc"
        except Exception:
            supported = False
        if not supported:
            dtype = value.dtype.name if kind is np.ndarray else ""
            return self.unsupported(f"{_name(kind)} of {dtype}" if dtype else _name(kind))
        self.count(array.nbytes)
        if issubclass(kind, np.generic):
            return {"item": self.item(array)}
        return {"array": self.member(array)}

    def item(self, scalar: np.ndarray) -> list[int]:
        """Numpy scalars of one dtype share a member: a list of 10,000 losses stays cheap."""
        descr = scalar.dtype.str
        if descr not in self.pools:
            self.pools[descr] = self.member([])
        pool = self.arrays[self.pools[descr]]
        assert isinstance(pool, list)
        pool.append(scalar[()])
        return [self.pools[descr], len(pool) - 1]

    def member(self, array: np.ndarray | list[Any]) -> int:
        if len(self.arrays) >= self.max_arrays:
            raise WireError(f"The tree has more than {self.max_arrays:,} arrays: too many to be sent.")
        self.arrays.append(array)
        return len(self.arrays) - 1

    def unsupported(self, name: str) -> dict[str, str]:
        if self.refuse:
            raise WireError(f"A value of type {name[:MAX_TYPE_NAME]} cannot be sent: only data can.")
        return {"unsupported": name[:MAX_TYPE_NAME]}

    def count(self, size: int) -> None:
        # Before anything is copied: a broadcast view can claim exabytes.
        self.bytes += size
        if self.bytes > self.max_bytes:
            raise WireError(f"The tree holds more than the {self.max_bytes:,} bytes that may be sent.")


class _Reader:
    """Turns JSON and a list of arrays back into a tree."""

    def __init__(self, arrays: list[np.ndarray], max_depth: int) -> None:
        self.arrays, self.max_depth = arrays, max_depth
        self.used = [False] * len(arrays)
        self.nodes = 0

    def node(self, node: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"The message has more than {MAX_NODES:,} parts.")
        if depth > self.max_depth:
            raise WireError(f"The message is nested deeper than {self.max_depth} levels.")
        if isinstance(node, list):
            return [self.node(part, depth + 1) for part in node]
        if not isinstance(node, dict):
            return node
        if len(node) != 1:
            raise WireError("A part of the message does not say what it is.")
        ((tag, body),) = node.items()
        if tag == "array" and type(body) is int:
            return self.array(body)
        if tag == "unsupported" and isinstance(body, str):
            return Unsupported(body[:MAX_TYPE_NAME])
        if not isinstance(body, list):
            raise WireError("A part of the message has a body of the wrong type.")
        if tag == "tuple":
            return tuple(self.node(part, depth + 1) for part in body)
        if tag == "dict":
            return self.dict(body, depth + 1)
        if tag == "item" and len(body) == 2:
            return self.item(*body)
        if tag == "complex" and len(body) == 2 and all(type(part) is float for part in body):
            return complex(*body)
        raise WireError("A part of the message is of an unknown kind.")

    def dict(self, body: list[Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for pair in body:
            if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)):
                raise WireError("A dict in the message has a key that is not a string.")
            if pair[0] in result:
                raise WireError("A dict in the message has the same key twice.")
            result[pair[0]] = self.node(pair[1], depth)
        return result

    def array(self, at: int) -> np.ndarray:
        # Each member once: else a small message could name one array 100,000 times.
        if not 0 <= at < len(self.arrays) or self.used[at]:
            raise WireError("The message refers to an array that it does not hold, or to one array twice.")
        self.used[at] = True
        return _owned(self.arrays[at])

    def item(self, at: Any, position: Any) -> Any:
        if type(at) is not int or type(position) is not int or not 0 <= at < len(self.arrays):
            raise WireError("The message refers to a scalar that it does not hold.")
        pool = self.arrays[at]
        if pool.ndim != 1 or not 0 <= position < pool.size:
            raise WireError("The message refers to a scalar that it does not hold.")
        return _owned(pool[position : position + 1])[0]


def _owned(array: np.ndarray) -> np.ndarray:
    """A copy in memory of its own. Booleans of bytes other than 0 and 1 are not left ambiguous."""
    return array.view(np.uint8).astype(bool) if array.dtype.kind == "b" else array.copy()


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS + 2:
        raise WireError(f"The message holds an integer of more than {MAX_DIGITS:,} digits.")
    return int(digits)


def _name(kind: type) -> str:
    # A metaclass can overload __name__ as well; type's own descriptor cannot be.
    return str.__str__(type.__dict__["__name__"].__get__(kind))


# ----------------------------------------------------------------------------- arrays and archive


def _npy(array: np.ndarray) -> bytes:
    header = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}"
    padding = -(len(_MAGIC) + 2 + len(header) + 1) % 64
    header += " " * padding + "\n"
    return _MAGIC + struct.pack("<H", len(header)) + header.encode("ascii") + array.tobytes()


def _array(data: memoryview) -> np.ndarray:
    """A view of a ``.npy`` member, made only once its header and its length agree."""
    start = len(_MAGIC) + 2
    if bytes(data[: len(_MAGIC)]) != _MAGIC or len(data) < start:
        raise WireError("An array of the message has no .npy header of version 1.0.")
    (length,) = struct.unpack("<H", data[start - 2 : start])
    if length > 2048 or start + length > len(data):
        raise WireError("An array of the message has a header of impossible length.")
    match = _HEADER.fullmatch(bytes(data[start : start + length]).decode("latin-1"))
    if match is None:
        raise WireError("An array of the message has a header that is not plain numbers in C order.")
    dtype = np.dtype(match[1])
    shape = tuple(int(size) for size in match[2].split(",") if size)
    body = data[start + length :]
    if len(shape) > 64 or math.prod(shape) * dtype.itemsize != len(body):
        raise WireError("An array of the message claims a shape that its bytes do not fill.")
    return np.frombuffer(body, dtype).reshape(shape)


def _zip(members: list[tuple[str, bytes]]) -> bytes:
    parts, entries, offset = [], [], 0
    for name, body in members:
        entry = (name.encode("ascii"), zlib.crc32(body), len(body), offset)
        parts += [_local(entry), body]
        entries.append(entry)
        offset += len(parts[-2]) + len(body)
    return b"".join(parts) + _directory(entries, offset)


_Entry = tuple[bytes, int, int, int]  # name, CRC-32, size, offset


def _local(entry: _Entry) -> bytes:
    name, crc, size, _ = entry
    return _LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, _ZIP_DATE, crc, size, size, len(name), 0) + name


def _directory(entries: list[_Entry], start: int) -> bytes:
    central = b"".join(
        _CENTRAL.pack(
            b"PK\1\2", 20, 20, 0, 0, 0, _ZIP_DATE, crc, size, size, len(name), 0, 0, 0, 0, 0, offset
        )
        + name
        for name, crc, size, offset in entries
    )
    end = _END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), len(central), start, 0)
    return central + end


def _unzip(data: memoryview, max_arrays: int) -> list[np.ndarray]:
    """The members in order, from an archive that is byte for byte what `_zip` writes.

    A zip can be read in more than one way (overlaps, two directories, hidden members, compressed
    bombs). Only one spelling is accepted, so none of them needs a rule of its own.
    """
    if len(data) < _END.size:
        raise WireError(f"The message has {len(data)} bytes: too few for an archive.")
    signature, _, _, _, count, _, start, _ = _END.unpack(data[-_END.size :])
    if signature != b"PK\5\6" or not 1 <= count <= max_arrays + 1:
        raise WireError(f"The message is not an archive of 1 to {max_arrays + 1:,} members.")
    members: list[np.ndarray] = []
    entries: list[_Entry] = []
    offset = 0
    for at in range(count):
        name = f"{at - 1}.npy".encode() if at else b"skeleton.npy"
        body = offset + _LOCAL.size + len(name)
        if body > start or start > len(data):
            raise WireError("The archive of the message is cut short.")
        crc, size = _LOCAL.unpack(data[offset : offset + _LOCAL.size])[6:8]
        entry = (name, crc, size, offset)
        if bytes(data[offset:body]) != _local(entry) or body + size > start:
            raise WireError(f"Member {at} of the message is compressed, misnamed or out of place.")
        if zlib.crc32(data[body : body + size]) != crc:
            raise WireError(f"Member {at} of the message is damaged.")
        members.append(_array(data[body : body + size]))
        entries.append(entry)
        offset = body + size
    if offset != start or bytes(data[start:]) != _directory(entries, start):
        raise WireError("The archive's directory does not list its members as they are.")
    if members[0].dtype != np.uint8 or members[0].ndim != 1:
        raise WireError("The skeleton of the message is not a line of bytes.")
    return members
