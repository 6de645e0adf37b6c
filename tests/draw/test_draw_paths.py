"""Every path is drawn in its own line, with its product, and the products add up to the gradient."""

from __future__ import annotations

import re

import pytest
from test_pictures import gates, sigmoid_circuit, texts, two_paths, worked

from backprop_lab import Graph, Variable, examples


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_path_has_its_product_and_the_sum_is_the_gradient(theme):
    painted = texts(worked(two_paths()).draw_paths("b", theme=theme).svg)
    assert "b → c → e:   1 × 2 = 2" in painted
    assert "b → d → e:   1 × 3 = 3" in painted
    assert "de/db = 2 + 3 = 5" in painted


def test_matrices_are_multiplied_from_the_output_and_the_sum_has_the_shape_of_the_variable():
    painted = texts(examples.get("weight-decay").draw_paths("w").svg)
    assert "w → ŷ → loss → J:   1 × [[−5, 1]] × [[1, 2], [3, −1]] = [[−2, −11]]" in painted
    assert "dJ/dw = [−2, −11] + [0.1, −0.2] = [−1.9, −11.2]" in painted


def test_paths_differ_in_dashes_as_well_as_in_colour():
    svg = two_paths().draw_paths("b").svg
    assert len(set(re.findall(r"<path style=\"[^\"]*dasharray:([^\"]+)\"", svg))) == 2


def test_a_picture_is_as_wide_as_its_longest_product():
    g = worked(sigmoid_circuit())
    longest = max(texts(g.draw_paths("w1").svg), key=len)
    assert g.draw_paths("w1").size[0] > 58 + 5 * len(longest) > g.draw().size[0] / 2


def test_one_path_has_no_sum_to_show():
    g = gates()
    assert "df/dx = −8" in texts(g.draw_paths("x").svg)
    assert texts(g.draw_paths(g["x"]).svg) == texts(g.draw_paths("x").svg)


def test_more_paths_than_can_be_drawn_are_counted():
    y = Variable(1.0, "x")
    for _ in range(30):
        y = y + y
    painted = texts(Graph(y.named("y")).draw_paths("x").svg)
    assert any("1,073,741,818 more paths" in t for t in painted)


def test_a_path_can_be_highlighted_and_the_rest_is_dimmed():
    g = worked(two_paths())
    svg = g.draw(highlight=g.paths("b")[0]).svg
    assert svg.count('class="e mark"') == 2
    assert 'class="dim"' in svg
    assert g.draw(highlight=g.paths("b")).svg.count('class="e mark"') == 4


def test_a_group_can_be_highlighted_and_a_strange_node_is_refused():
    g = worked(sigmoid_circuit())
    assert g.draw(highlight="sigmoid").svg.count('class="ring"') == 5
    with pytest.raises(KeyError, match="not a node of this graph"):
        g.draw(highlight=Variable(1.0, "stranger"))
