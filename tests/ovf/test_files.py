from __future__ import annotations

import re
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.ovf.dump import checksum
from orchestrator.ovf.files import read_ovf, write_ovf
from orchestrator.ovf.formats import FORMATS, OutputFormat

CASES = Path(__file__).parent / "public_cases"
CELL = (1e-9, 2e-9, 3e-9)
ALL_FORMATS = (
    *FORMATS,
    OutputFormat("OVF1_BINARY8", 1, 8),
    OutputFormat("OVF2_BINARY8", 2, 8),
)
BY_NAME = {form.name: form for form in ALL_FORMATS}

OVF2 = """# OOMMF OVF 2.0
# Segment count: 1
# Begin: Segment
# Begin: Header
# Title: m
# meshtype: rectangular
# meshunit: m
# xmin: 0
# ymin: 0
# zmin: 0
# xmax: 2e-09
# ymax: 2e-09
# zmax: 3e-09
# valuedim: 3
# valuelabels: m_x m_y m_z
# valueunits: 1 1 1
# Desc: Total simulation time:  0  s
# xbase: 5e-10
# ybase: 1e-09
# zbase: 1.5e-09
# xnodes: 2
# ynodes: 1
# znodes: 1
# xstepsize: 1e-09
# ystepsize: 2e-09
# zstepsize: 3e-09
# End: Header
# Begin: Data Text
1 0 -0.5_
1e+06 1e-05 123456_
# End: Data Text
# End: Segment
"""

OVF1 = """# OOMMF: rectangular mesh v1.0
# Segment count: 1
# Begin: Segment
# Begin: Header
# Desc: Time (s) :  0
# Title: m
# meshtype: rectangular
# meshunit: m
# xbase: 5e-10
# ybase: 1e-09
# zbase: 1.5e-09
# xstepsize: 1e-09
# ystepsize: 2e-09
# zstepsize: 3e-09
# xmin: 0
# ymin: 0
# zmin: 0
# xmax: 2e-09
# ymax: 2e-09
# zmax: 3e-09
# xnodes: 2
# ynodes: 1
# znodes: 1
# ValueRangeMinMag: 1e-08
# ValueRangeMaxMag: 1
# valueunit:_
# valuemultiplier: 1
# End: Header
# Begin: Data Text
1 0 -0.5_
1e+06 1e-05 123456_
# End: Data Text
# End: Segment
"""
"""What mumax3 3.11 writes, byte for byte, with _ for a blank at the end of a line."""


@pytest.fixture
def field():
    return np.random.default_rng(0).normal(size=(2, 3, 4, 3)).astype(np.float32)


@pytest.mark.parametrize(("name", "text"), [("OVF2_TEXT", OVF2), ("OVF1_TEXT", OVF1)])
def test_text_is_that_of_mumax3_to_the_byte(tmp_path, name, text):
    data = np.array([[[[1, 0, -0.5], [1e6, 1e-5, 123456]]]])
    write_ovf(tmp_path / "a.ovf", data, CELL, form=BY_NAME[name])
    assert (tmp_path / "a.ovf").read_bytes().decode() == text.replace("_\n", " \n")


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("OVF2_BINARY", b"\x38\xb4\x96\x49\x00\x00\x80\x3f"), ("OVF1_BINARY", b"I\x96\xb48?\x80\0\0")],
)
def test_binary_numbers_are_those_of_mumax3_to_the_byte(tmp_path, name, numbers):
    write_ovf(tmp_path / "a.ovf", np.ones((1, 1, 1, 3)), CELL, form=BY_NAME[name])
    raw = (tmp_path / "a.ovf").read_bytes()
    data = raw.partition(b"# Begin: Data Binary 4\n")[2]
    assert data == numbers + numbers[4:] * 2 + b"# End: Data Binary 4\n# End: Segment\n"


@pytest.mark.parametrize("form", ALL_FORMATS, ids=lambda form: form.name)
def test_round_trip_with_title_and_time(tmp_path, field, form):
    path = tmp_path / f"a.{form.extension}"
    write_ovf(path, field, CELL, title="j", unit="A/m2", time=1.25e-9, form=form)
    back = read_ovf(path)
    np.testing.assert_array_equal(back.data, field)
    assert back.data.dtype == (np.float64 if form.width == 8 else np.float32)
    assert (back.cell_size, back.time, back.title) == (CELL, 1.25e-9, "j")


@pytest.mark.parametrize("components", [1, 2, 4])
@pytest.mark.parametrize("form", ALL_FORMATS, ids=lambda form: form.name)
def test_other_numbers_of_components(tmp_path, field, form, components):
    path = tmp_path / f"a.{form.extension}"
    data = np.arange(24.0 * components).reshape(2, 3, 4, components)
    if form.version == 1:
        with pytest.raises(InputError, match=f"OVF 1 holds 3 components, m has {components}"):
            write_ovf(path, data, CELL, form=form)
        assert list(tmp_path.iterdir()) == []
        return
    write_ovf(path, data, CELL, form=form)
    np.testing.assert_array_equal(read_ovf(path).data, data)


@pytest.mark.parametrize("name", ["OVF1_TEXT", "OVF1_BINARY", "OVF2_TEXT", "OVF2_BINARY"])
def test_discretisedfield_reads_the_same_field(tmp_path, field, name):
    write_ovf(tmp_path / "a.ovf", field, CELL, form=BY_NAME[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import discretisedfield as df

        theirs = df.Field.from_file(str(tmp_path / "a.ovf"))
    np.testing.assert_array_equal(theirs.array.transpose(2, 1, 0, 3).astype(np.float32), field)
    np.testing.assert_allclose(theirs.mesh.cell, CELL, rtol=1e-12)


@pytest.mark.parametrize("representation", ["txt", "bin4", "bin8"])
def test_fields_of_discretisedfield_are_read(tmp_path, field, representation):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import discretisedfield as df

    mesh = df.Mesh(p1=(0, 0, 0), p2=(4e-9, 6e-9, 6e-9), n=(4, 3, 2))
    theirs = df.Field(mesh, nvdim=3, value=field.transpose(2, 1, 0, 3))
    theirs.to_file(str(tmp_path / "a.ovf"), representation=representation)
    back = read_ovf(tmp_path / "a.ovf")
    np.testing.assert_allclose(back.data, field, rtol=1e-6)
    assert back.cell_size == pytest.approx((1e-9, 2e-9, 3e-9))


@pytest.mark.parametrize(
    ("unit", "factor"), [("nm", 1e9), ("um", 1e6), ("µm", 1e6), ("mm", 1e3), ("m", 1)]
)
def test_lengths_in_other_units(tmp_path, unit, factor):
    text = OVF2.replace("_\n", "\n").replace("# meshunit: m", f"# meshunit: {unit}")
    for axis, n, c in zip("xyz", (2, 1, 1), CELL, strict=True):
        text = re.sub(f"# {axis}stepsize: .*", f"# {axis}stepsize: {c * factor:g}", text)
        text = re.sub(f"# {axis}max: .*", f"# {axis}max: {n * c * factor:g}", text)
    (tmp_path / "a.ovf").write_text(text, encoding="utf-8")
    assert read_ovf(tmp_path / "a.ovf").cell_size == pytest.approx(CELL, rel=1e-15)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("meshunit: m", "meshunit: furlong", "meshunit is 'furlong'; expected m, cm, mm, um .*pm"),
        ("xstepsize: 1e-09", "xstepsize: -1e-09", "xstepsize is -1e-09 m; expected a positive"),
        ("ystepsize: 2e-09", "ystepsize: 0", "ystepsize is 0 m; expected a positive"),
        ("zstepsize: 3e-09", "zstepsize: nan", "zstepsize is nan m; expected a positive"),
        ("zstepsize: 3e-09", "zstepsize: inf", "zstepsize is inf m; expected a positive"),
        ("zstepsize: 3e-09", "zstepsize: thin", "zstepsize is 'thin'; expected a number"),
        ("xnodes: 2", "xnodes: 2.5", "xnodes is '2.5'; expected a whole number"),
        ("time:  0 ", "time:  1e ", "desc is '1e'; expected a number"),
        ("xmax: 2e-09", "xmax: 3.1e-09", "xmin to xmax are 3.1e-09 m, 2 xnodes .* make 2e-09 m"),
        ("xmin: 0", "xmin: 1.9e-09", "xmin to xmax are 1e-10 m, 2 xnodes .* make 2e-09 m"),
        ("ymax: 2e-09", "ymax: wide", "ymax is 'wide'; expected a number"),
    ],
)
def test_headers_that_cannot_be_are_refused_by_key(tmp_path, old, new, words):
    assert old in OVF2
    (tmp_path / "a.ovf").write_text(OVF2.replace(old, new).replace("_\n", "\n"))
    with pytest.raises(InputError, match=rf"a\.ovf: .*{words}"):
        read_ovf(tmp_path / "a.ovf")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("xstepsize: 1e-09", "xstepsize: 0"),
        ("meshunit: m", "meshunit: furlong"),
        ("xmax: 2", "xmax: 9"),
    ],
)
def test_values_alone_can_be_read_whatever_the_lengths(tmp_path, old, new):
    for name, text in (("right", OVF2), ("wrong", OVF2.replace(old, new))):
        (tmp_path / f"{name}.ovf").write_text(text.replace("_\n", "\n"))
    wrong = read_ovf(tmp_path / "wrong.ovf", lengths=False)
    assert np.array_equal(wrong.data, read_ovf(tmp_path / "right.ovf").data)


@pytest.mark.parametrize("xmax", ["1e-09", "2.00001e-09", "3e-09"])
def test_extents_from_center_to_center_are_taken(tmp_path, xmax):
    text = OVF2.replace("xmax: 2e-09", f"xmax: {xmax}").replace("_\n", "\n")
    (tmp_path / "a.ovf").write_text(text)
    assert read_ovf(tmp_path / "a.ovf").cell_size == CELL


def test_public_files_are_refused_for_what_is_wrong_with_them():
    with pytest.raises(InputError, match=r"hold 73 values where 72 belong.*4 x 3 x 2 cells of 3"):
        read_ovf(CASES / "v2_text_more.ovf")
    with pytest.raises(InputError, match=r"remark between the rows \('# a remark.*', line 32\)"):
        read_ovf(CASES / "v2_text_comment.ovf")


def damaged(raw: bytes, damage: str) -> bytes:
    """A binary file with something wrong."""
    head, begin, data = raw.partition(b"Data Binary 4\n")
    check, numbers = data[:4], data[4:]
    end = numbers.index(b"# End")
    return {
        "truncated": raw[:-150],
        "more": head + begin + check + numbers[:end] + b"\0\0\x80?" * 2 + numbers[end:],
        "check": head + begin + b"\0\0\0\0" + numbers,
        "order": head + begin + check[::-1] + numbers,
        "width": head + b"Data Binary 8\n" + data,
        "encoding": head + b"Data Binary 2\n" + data,
        "no data": head,
        "hello": b"hello",
        "irregular": raw.replace(b": rectangular", b": irregular", 1),
        "nodes": raw.replace(b"xnodes: 4", b"xnodes: four", 1),
        "no nodes": raw.replace(b"# xnodes: 4\n", b"", 1),
        "empty": raw.replace(b"xnodes: 4", b"xnodes: 0", 1),
    }[damage]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("truncated", r"truncated OVF file, \d+ of 72 values"),
        ("more", "hold 74 values where 72 belong"),
        ("check", r"check value of binary 4 is .*0\.0.*expected 1234567"),
        ("check", r"check value of binary 4 is 0\.0, expected 1234567\.0$"),
        ("order", "bytes are in the other order: big-endian is OVF 1"),
        ("width", "check value of binary 8 is .*expected 123456789012345"),
        ("encoding", "data are 'binary 2'; expected text, binary 4 or binary 8"),
        ("no data", "no data section found"),
        ("hello", "not an OVF file .*hello"),
        ("irregular", "meshtype is 'irregular'; expected 'rectangular'"),
        ("nodes", "header incomplete or malformed .*four"),
        ("no nodes", "header incomplete or malformed .*xnodes"),
        ("empty", "empty grid"),
    ],
)
def test_damaged_files_are_refused_for_what_is_wrong_with_them(tmp_path, field, damage, words):
    path = tmp_path / "a.ovf"
    write_ovf(path, field, CELL)
    path.write_bytes(damaged(path.read_bytes(), damage))
    with pytest.raises(InputError, match=rf"a\.ovf: .*{words}"):
        read_ovf(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("-0.5_\n", "\n", "truncated OVF file, 5 of 6 values"),
        ("-0.5_\n", "-0.5 1 2 3\n", "hold 9 values where 6 belong"),
        ("-0.5_\n", "half\n", "something else than numbers .*1 0 half.*line 29"),
        ("# End: Data Text\n# End: Segment\n", "2\n", "hold 7 values where 6 belong"),
    ],
)
def test_wrong_text_is_named(tmp_path, old, new, words):
    (tmp_path / "a.ovf").write_text(OVF2.replace(old, new).replace("_\n", "\n"))
    with pytest.raises(InputError, match=words):
        read_ovf(tmp_path / "a.ovf")


def test_missing_files_are_named(tmp_path):
    for name in ("none.ovf", "none.dump"):
        with pytest.raises(InputError, match=f"{name}: cannot be read"):
            read_ovf(tmp_path / name)


def test_checksum_of_dumps_is_that_of_go():
    """The check value of CRC-64/GO-ISO."""
    assert checksum(b"123456789") == 0xB90956C775A41001


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: b"x" + raw, "not a dump"),
        (lambda raw: raw[:-20], r"truncated dump file, \d+ of \d+ bytes"),
        (lambda raw: raw[:-30] + bytes([raw[-30] ^ 1]) + raw[-29:], "checksum .* is wrong"),
    ],
)
def test_damaged_dumps(tmp_path, field, damage, words):
    path = tmp_path / "a.dump"
    write_ovf(path, field, CELL, form=BY_NAME["DUMP"])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=rf"a\.dump: .*{words}"):
        read_ovf(path)


@pytest.mark.parametrize("form", ALL_FORMATS, ids=lambda form: form.name)
def test_nan_is_refused_and_nothing_is_written(tmp_path, field, form):
    for value in (np.nan, np.inf):
        field[0, 0, 0, 0] = value
        with pytest.raises(InputError, match="NaN"):
            write_ovf(tmp_path / "a.ovf", field, CELL, form=form)
    assert list(tmp_path.iterdir()) == []


def test_a_field_shows_itself_without_its_values(tmp_path):
    path = tmp_path / "m.ovf"
    write_ovf(path, np.ones((1, 3, 4, 3)), (1e-9, 2e-9, 5e-10), unit="A/m", time=2e-12)
    shown = "<OvfField m of 3 components in A/m, 4 x 3 x 1 cells of 1 x 2 x 0.5 nm, t = 2e-12 s>"
    assert repr(read_ovf(path)) == shown


def test_the_checksum_is_of_the_files_bytes_and_left_out_where_nobody_wants_it(tmp_path):
    path = tmp_path / "m.ovf"
    write_ovf(path, np.ones((1, 2, 3, 3), np.float32), (1e-9, 1e-9, 1e-9))
    assert read_ovf(path).crc32 == f"{zlib.crc32(path.read_bytes()):08x}"
    field = read_ovf(path, checksum=False)
    assert field.crc32 == ""
    np.testing.assert_array_equal(field.data, read_ovf(path).data)
