"""Pictures are saved as SVG, PNG and PDF, or a sentence says what is missing."""

from __future__ import annotations

import builtins

import pytest
from test_pictures import two_paths, worked


def test_svg_is_the_picture(tmp_path):
    picture = worked(two_paths()).draw()
    assert picture.save(tmp_path / "a.svg").read_text(encoding="utf-8") == picture.svg


def test_png_has_the_picture_s_size(tmp_path):
    pytest.importorskip("resvg_py")
    picture = worked(two_paths()).draw()
    data = picture.save(tmp_path / "a.png", scale=2).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") == pytest.approx(2 * picture.size[0], abs=1)


def test_pdf_is_vectors(tmp_path):
    pytest.importorskip("typst")
    assert worked(two_paths()).draw().save(tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(("package", "ending"), [("resvg_py", "png"), ("typst", "pdf")])
def test_a_missing_package_is_named(tmp_path, monkeypatch, package, ending):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RuntimeError, match="pip install"):
        two_paths().draw().save(tmp_path / f"a.{ending}")
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.gif"):
        two_paths().draw().save(tmp_path / "a.gif")
