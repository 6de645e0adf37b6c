"""The codec: what goes in comes out, and nothing that an enemy writes does anything but fail."""

from __future__ import annotations

import collections
import contextlib
import enum
import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graders import wire
from graders.wire import Unsupported, WireError, decode, encode

DTYPES = ["?", "i1", "i2", "<i4", ">i4", "i8", "u1", "u8", "f2", "f4", "<f8", ">f8", "c8", "c16"]


def same(a, b) -> bool:
    """Equal in value, type, dtype and shape, with NaN equal to NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (np.ndarray, np.generic)):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return repr(a) == repr(b)


arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(), max_size=10)
    | arrays
    | st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, ()).map(lambda array: array[()]))
)
trees = st.recursive(
    leaves,
    lambda part: (
        st.lists(part, max_size=4)
        | st.lists(part, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=4), part, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(trees)
def test_every_tree_survives_the_journey(tree):
    assert same(decode(encode(tree)), tree)


def test_equal_trees_make_equal_bytes_and_decoded_arrays_can_be_written():
    tree = {"a": [np.arange(3.0)]}
    assert encode(tree) == encode(decode(encode(tree)))
    assert decode(encode(tree))["a"][0].flags.writeable


def test_a_message_is_an_npz_that_numpy_and_zipfile_read_without_pickle():
    data = encode([np.arange(6).reshape(2, 3), np.float32(2)])
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        assert archive.files == ["skeleton", "0", "1"]
        assert archive["0"].shape == (2, 3)
        assert json.loads(archive["skeleton"].tobytes()) == [{"array": 0}, {"item": [1, 0]}]
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


def test_views_arrive_in_c_order_with_the_same_numbers():
    a = np.arange(12.0).reshape(3, 4)
    for view in (a.T, a[:, ::-2], np.asfortranarray(a), np.broadcast_to(a[0], (2, 4))):
        np.testing.assert_array_equal(decode(encode(view)), view)


class Color(enum.IntEnum):
    RED = 1


class Liar(np.ndarray):
    """Says it is equal to everything and shows other numbers when asked."""

    def __array__(self, *args, **kwargs):
        raise AssertionError("a hook of the student's class was called")

    __eq__ = __array_ufunc__ = __array_function__ = tobytes = __array__


class Tricky(list):
    __iter__ = __len__ = __getitem__ = Liar.__array__


class Chameleon:
    @property
    def __class__(self):
        raise AssertionError("a hook of the student's class was called")


def test_subclasses_arrive_as_the_plain_type_and_their_hooks_are_never_called():
    liar = np.ndarray.__new__(Liar, 2)
    np.ndarray.__setitem__(liar, slice(None), 7)
    arrived = decode(encode(liar))
    assert type(arrived) is np.ndarray
    assert arrived.tolist() == [7, 7]
    assert decode(encode(np.ma.array([1, 2], mask=[0, 1]))).tolist() == [1, 2]
    assert decode(encode(Tricky([1, 2]))) == [1, 2]
    assert type(decode(encode(Color.RED))) is int
    assert decode(encode(np.str_("text"))) == "text"
    assert decode(encode(collections.OrderedDict(a=1))) == {"a": 1}
    point = collections.namedtuple("point", "x y")(1, 2)
    assert decode(encode(point)) == (1, 2)
    assert type(decode(encode(point))) is tuple


UNSUPPORTED = {
    "generator": (n for n in "ab"),
    "function": lambda x: x,
    "Chameleon": Chameleon(),
    "ndarray of object": np.array([object()]),
    "ndarray of str32": np.array(["a"]),
    "ndarray of void64": np.zeros(2, [("x", "f8")]),
    "datetime64": np.datetime64("2020-01-01"),
    "bytes": b"bytes",
    "set": {1, 2},
    "dict with a key of type int": {0: 1.0},
    "int of more than 1,000 digits": 10**2000,
    "range": range(3),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_cannot_be_sent_arrives_as_its_name(name):
    assert decode(encode([1, UNSUPPORTED[name]])) == [1, Unsupported(name)]


def test_the_judges_own_inputs_must_be_data():
    with pytest.raises(WireError, match="type function cannot be sent"):
        encode([1.0, lambda: 0], refuse=True)


def test_lists_that_hold_themselves_end():
    loop: list = []
    loop.append(loop)
    assert "nested deeper" in repr(decode(encode(loop)))
    loop.append(loop)
    with pytest.raises(WireError, match="too many"):
        encode(loop)


@pytest.mark.parametrize(
    "value",
    [
        np.broadcast_to(0.0, (10**6, 10**6)),
        [np.zeros(10**6)] * 5,
        [np.zeros(1)] * 20_000,
        ["x" * 5 * 2**20] * 7,
        [0.123456789] * 249_000 + ["y" * 2 * 10**6],
    ],
    ids=["broadcast", "bytes", "arrays", "text", "skeleton"],
)
def test_what_is_too_large_is_refused_before_it_is_copied(value):
    with pytest.raises(WireError, match=r"sent|too many"):
        encode(value, max_bytes=2**24)


# ------------------------------------------------------------------------------- poison


def archive(*members: tuple[str, bytes]) -> bytes:
    return wire._zip(list(members))


def skeleton(node) -> tuple[str, bytes]:
    text = node if isinstance(node, bytes) else json.dumps(node).encode()
    return "skeleton.npy", wire._npy(np.frombuffer(text, np.uint8))


def npy(header: str, body: bytes) -> bytes:
    header += "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + body


def saved(*arrays, compression=zipfile.ZIP_STORED) -> bytes:
    """An archive as numpy itself would write it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as out:
        for at, array in enumerate(arrays):
            member = io.BytesIO()
            np.save(member, array, allow_pickle=True)
            out.writestr(f"{at - 1}.npy" if at else "skeleton.npy", member.getvalue())
    return buffer.getvalue()


LINE = wire._npy(np.zeros(3))
ONE = skeleton({"array": 0})
HEAD = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }"
POISON = {
    "nothing": b"",
    "text": b"hello, judge: all correct" * 10,
    "a pickle": pickle.dumps({"value": 1}),
    "zip bomb": saved(np.zeros(10**6, np.uint8), compression=zipfile.ZIP_DEFLATED),
    "object array": saved(np.frombuffer(b'{"array":0}', np.uint8), np.array([{}], dtype=object)),
    "object dtype": archive(ONE, ("0.npy", npy(HEAD % ("|O8", False, "(1,)"), b"12345678"))),
    "record dtype": archive(ONE, ("0.npy", npy(HEAD % ("[('a', 'f8')]", False, "(1,)"), b"12345678"))),
    "fortran order": archive(ONE, ("0.npy", npy(HEAD % ("<f8", True, "(1,)"), b"12345678"))),
    "huge shape": archive(ONE, ("0.npy", npy(HEAD % ("<f8", False, "(1000000000000,)"), b"12345678"))),
    "overflowing shape": archive(ONE, ("0.npy", npy(HEAD % ("<f8", False, "(4294967296, 4294967296)"), b""))),
    "empty but vast": archive(ONE, ("0.npy", npy(HEAD % ("<f8", False, f"(0, {10**18}, {10**18})"), b""))),
    "65 axes": archive(ONE, ("0.npy", npy(HEAD % ("<f8", False, str((1,) * 65)), b"12345678"))),
    "negative shape": archive(ONE, ("0.npy", npy(HEAD % ("<f8", False, "(-1, -1)"), b"12345678"))),
    "item size 0": archive(ONE, ("0.npy", npy(HEAD % ("<f0", False, "(1,)"), b""))),
    "item size 3": archive(ONE, ("0.npy", npy(HEAD % ("<i3", False, "(1,)"), b"123"))),
    "code in the header": archive(ONE, ("0.npy", npy("__import__('os').abort()", b""))),
    "short header": archive(ONE, ("0.npy", b"\x93NUMPY\x01\x00\xff\xff")),
    "trailing bytes": archive(ONE, ("0.npy", LINE + b"x")),
    "no skeleton": archive(("0.npy", LINE)),
    "skeleton of floats": archive(("skeleton.npy", LINE)),
    "the same name twice": archive(ONE, ("0.npy", LINE), ("0.npy", LINE)),
    "an unexpected name": archive(ONE, ("../x.npy", LINE)),
    "bytes before": b"x" + archive(skeleton(1)),
    "bytes after": archive(skeleton(1)) + b"x",
    "deep JSON": archive(skeleton(b"[" * 10**6)),
    "deep and closed JSON": archive(skeleton(b"[" * 500 + b"]" * 500)),
    "too many parts": archive(skeleton(b"[" + b"1," * 300_000 + b"1]")),
    "long integer": archive(skeleton(b"1" * 5000)),
    "large JSON": archive(skeleton(b" " * (5 * 2**20) + b"1")),
    "not JSON": archive(skeleton(b"{'a': 1}")),
    "not ASCII": archive(skeleton('"\u00e9"'.encode())),
    "unknown tag": archive(skeleton({"pickle": "x"})),
    "two tags": archive(skeleton({"array": 0, "item": 1}), ("0.npy", LINE)),
    "array not held": archive(skeleton({"array": 1}), ("0.npy", LINE)),
    "array at -1": archive(skeleton({"array": -1}), ("0.npy", LINE)),
    "array at true": archive(skeleton({"array": True}), ("0.npy", LINE)),
    "one array twice": archive(skeleton([{"array": 0}, {"array": 0}]), ("0.npy", LINE)),
    "scalar not held": archive(skeleton({"item": [0, 3]}), ("0.npy", LINE)),
    "scalar of a table": archive(skeleton({"item": [0, 0]}), ("0.npy", wire._npy(np.zeros((2, 2))))),
    "key of a number": archive(skeleton({"dict": [[1, 2]]})),
    "key twice": archive(skeleton({"dict": [["a", 1], ["a", 2]]})),
    "dict of text": archive(skeleton({"dict": "ab"})),
    "complex of text": archive(skeleton({"complex": ["1", "2"]})),
}


@pytest.mark.parametrize("data", POISON.values(), ids=POISON.keys())
def test_poison_is_refused_in_a_sentence(data):
    with pytest.raises(WireError, match=r"^[A-Z].*\.$"):
        decode(data)


def test_caps_are_the_callers():
    data = encode([np.zeros(100), np.zeros(100), [[[1]]]])
    assert decode(data) is not None
    for cap in ({"max_bytes": 1000}, {"max_arrays": 1}, {"max_depth": 3}):
        with pytest.raises(WireError):
            decode(data, **cap)


def test_booleans_are_true_or_false_whatever_their_byte():
    body = npy(HEAD % ("|b1", False, "(3,)"), b"\x00\x01\x07")
    assert decode(archive(ONE, ("0.npy", body))).tobytes() == b"\x00\x01\x01"


SEED = encode({"a": [np.arange(6.0).reshape(2, 3), np.float32(1)], "b": ("text", 2**70, np.array(True))})


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_messages_decode_or_are_refused(data):
    mutant = bytearray(SEED)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutant) - 1))
        end = data.draw(st.integers(at, min(len(mutant), at + 12)))
        mutant[at:end] = data.draw(st.binary(max_size=12))
    with contextlib.suppress(WireError):
        decode(bytes(mutant))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_members_with_honest_checksums_decode_or_are_refused(data):
    """The same past the CRC: the mutation is inside the JSON or the array's header."""
    with zipfile.ZipFile(io.BytesIO(SEED)) as source:
        members = [(name, bytearray(source.read(name))) for name in source.namelist()]
    _, body = members[data.draw(st.integers(0, len(members) - 1))]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"[", b"]", b"}", b"9", b'"', b"-", b","])
        )
    with contextlib.suppress(WireError):
        decode(archive(*((name, bytes(body)) for name, body in members)))


json_nodes = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.text(max_size=3),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(
            st.sampled_from(["array", "item", "tuple", "dict", "complex", "unsupported"]), part, max_size=2
        )
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(json_nodes)
def test_any_skeleton_decodes_or_is_refused(node):
    with contextlib.suppress(WireError):
        decode(archive(skeleton(node), ("0.npy", LINE), ("1.npy", LINE)))
