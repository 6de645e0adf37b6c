"""Edges run through no box, in any direction; wide graphs turn upright; long ones fold."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from test_pictures import chain, texts

from backprop_lab import Graph, Variable, examples
from backprop_lab.draw.diagram import diagram
from backprop_lab.draw.layout import WIDE, place
from backprop_lab.draw.svg import path_data


def sampled(points, upright):
    """Points along a curve, as `svg.path_data` draws it."""
    for (x, y), (u, v) in pairwise(points):
        for k in range(21):
            t = k / 20
            straight, bent = x + (u - x) * t, y + (v - y) * t
            slow = 3 * t * t * (1 - t) + t**3  # across, an S-curve; along, its own pace
            pace = 1.5 * t * (1 - t) ** 2 + 1.5 * t * t * (1 - t) + t**3
            if upright and abs(x - u) > 0.05:
                straight, bent = x + (u - x) * slow, y + (v - y) * pace
            elif not upright and abs(y - v) > 0.05:
                straight, bent = x + (u - x) * pace, y + (v - y) * slow
            yield straight, bent


@pytest.mark.parametrize("name", examples.names())
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_an_edge_meets_no_box_but_its_own(name, direction):
    g = examples.get(name)
    g.trace()
    shown = diagram(g, local=True)
    layout = place(shown, direction)
    for number, link in enumerate(shown.links):
        points = list(sampled(layout.curves[number].points, layout.upright))
        for key, (x, y) in layout.boxes.items():
            w, h = layout.sizes[key]
            inside = [p for p in points if abs(p[0] - x) < w / 2 - 1 and abs(p[1] - y) < h / 2 - 1]
            assert not inside or key in (link.tail, link.head)
        for u, v in points:
            assert -1 <= u <= layout.width + 1
            assert -1 <= v <= layout.height + 1


@pytest.mark.parametrize("name", examples.names())
def test_no_picture_of_the_lectures_is_too_wide_to_read(name):
    g = examples.get(name)
    g.trace()
    width = g.draw().size[0]
    assert width <= WIDE + 50 or width <= g.draw(direction="LR").size[0]
    assert "min-width" in g.draw().to_html()


def test_a_wide_circuit_is_drawn_downwards_unless_told_otherwise():
    g = examples.get("sigmoid-circuit")
    g.backward()
    assert g.draw().size[0] < 600
    assert g.draw(direction="LR").size[0] > WIDE
    two_paths = examples.get("two-paths")
    assert two_paths.draw().svg == two_paths.draw(direction="LR").svg


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("name", ["chain", "mlp", "objective", "hidden-scalar", "hidden-sigmoid-layer"])
def test_a_chain_of_operations_is_straight(name, direction):
    g = examples.get(name)
    g.trace()
    shown = diagram(g, local=True)
    layout = place(shown, direction)
    across = [layout.boxes[box.key][direction == "LR"] for box in shown.boxes if box.gate]
    assert max(across) - min(across) < 12


def test_named_inputs_stand_outside_of_their_frame_and_written_numbers_inside():
    def framed(name):
        g = examples.get(name)
        return {box.name or str(box.value): box.frame and box.frame.name for box in diagram(g).boxes}

    chain, circuit = framed("chain"), framed("sigmoid-circuit")
    assert (chain["θ2"], chain["x2"]) == (None, "f2")
    assert (circuit["1"], circuit["w2"]) == ("sigmoid", None)


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("end", [(40.0, 90.0), (40.0, -90.0), (30.0, 8.0)])
def test_arrows_along_one_edge_stay_apart(upright, end):
    def curve(aside):
        way = [(0.0, aside), (end[0], end[1] + aside)]
        path = path_data([(y, x) for x, y in way] if upright else way, upright, aside)
        numbers = np.array(re.findall(r"-?[\d.]+", path), float).reshape(4, 2)
        t = np.linspace(0, 1, 200)[:, None]
        a, b, c, d = numbers
        return a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t**2 * (1 - t) + d * t**3

    forth, back = curve(-4.0), curve(4.0)
    gaps = np.linalg.norm(forth[:, None] - back[None], axis=2).min(axis=1)
    assert gaps.min() > 5


@pytest.mark.parametrize("named", [False, True])
def test_a_long_chain_folds_to_a_length_one_can_scroll(named):
    node = Variable(0.5, "x")
    for k in range(100):
        node = (node * 1.01).named(f"h{k}") if named else node * 1.01
    picture = Graph(node).draw()
    assert picture.size[1] < 4000
    assert any("operations" in text for text in texts(picture.svg))
    assert not any("operations" in text for text in texts(chain(30).draw().svg))
