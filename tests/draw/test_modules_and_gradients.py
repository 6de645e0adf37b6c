"""Layers as modules, and the graph of the gradients beside the graph."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from test_pictures import SVG, texts, two_paths, worked

from backprop_lab import examples


def test_a_module_has_three_inputs_and_three_outputs():
    """Values, parameters and the gradient come in; a value and two gradients go out."""
    svg = examples.get("chain").draw_modules().svg
    painted = texts(svg, "l")
    for k in range(1, 5):
        assert f"x{k}" in painted
        assert f"θ{k}" in painted
        assert f"dJ/dx{k}" in painted
        assert f"dJ/dθ{k}" in painted
    assert {"f1", "f2", "f3", "f4"} <= set(texts(svg))
    assert "tanh" not in texts(svg)


def test_forward_and_backward_arrows_differ_in_dashes_as_well_as_in_colour():
    svg = examples.get("mlp-modules").draw_modules(theme="dark").svg
    root = ET.fromstring(svg)
    kinds = [g.get("class") for g in root.iter(f"{SVG}g")]
    assert kinds.count("forth") == 8
    assert kinds.count("back") == 6  # x and y are constants: no gradient is asked of them
    assert "stroke-dasharray:5 3" in svg


def test_a_number_written_in_the_expression_is_written_once():
    assert texts(examples.get("gates").draw_modules().svg).count("2") == 1


def test_the_derivative_of_a_derivative_has_parentheses():
    svg = examples.get("repeated-subexpression-recomputed").draw_modules().svg
    assert "d(dz/dw)/dw" in texts(svg, "l")


def test_shapes_stand_beside_names():
    assert "W1 (3 × 2)" in texts(examples.get("mlp-modules").draw_modules().svg)


@pytest.mark.parametrize("name", examples.names())
def test_every_graph_of_the_lectures_has_its_modules_and_its_gradient_graph(name):
    g = examples.get(name)
    ET.fromstring(g.draw_modules().svg)
    ET.fromstring(g.draw(beside="gradient").svg)


def test_every_gradient_stands_where_its_node_stands():
    g = worked(two_paths())
    root = ET.fromstring(g.draw(beside="gradient").svg)
    painted = texts(ET.tostring(root, encoding="unicode"))
    for node in g.nodes:
        if node.needs_grad:
            assert f"de/d{g.names[node]}" in painted
    (shift,) = [
        g.get("transform")
        for g in root.iter(f"{SVG}g")
        if g.find(f"{SVG}g[@class='back']") is not None and g.get("transform")
    ]
    assert shift.startswith("translate(0 ")
    moved = next(g for g in root.iter(f"{SVG}g") if g.get("transform") == shift)
    places = {_name(g): g.get("transform") for g in root.findall(f"{SVG}g[@transform]") if g is not moved}
    beside = {_name(g): g.get("transform") for g in moved.findall(f"{SVG}g[@transform]")}
    assert {name: beside[f"de/d{name}"] for name in "abcde"} == {name: places[name] for name in "abcde"}


def _name(card):
    names = [t.text for t in card.iter(f"{SVG}text") if t.get("class") in ("name", "auto")]
    return names[0] if names else ""


def test_factors_stand_on_the_edges_of_the_gradient_graph():
    painted = texts(worked(two_paths()).draw(beside="gradient").svg, "l")
    assert {"∂ 2", "∂ 3", "× 2", "× 3"} <= set(painted)


def test_what_can_stand_beside_is_named():
    with pytest.raises(ValueError, match="beside is 'gradient'"):
        two_paths().draw(beside="hessian")
