"""The picture of a graph shows the whole graph, as well-formed and harmless SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from backprop_lab import Constant, Graph, Variable, examples, group, ops
from backprop_lab.draw.diagram import diagram, typeset
from backprop_lab.engine import text

SVG = "{http://www.w3.org/2000/svg}"


def two_paths() -> Graph:
    a, b = Variable(2.0, "a"), Variable(1.0, "b")
    return Graph(((a + b).named("c") * (b + 1).named("d")).named("e"))


def sigmoid_circuit() -> Graph:
    w = [Variable(v, f"w{k}") for k, v in enumerate((2.0, -3.0, -3.0))]
    x = [Variable(v, f"x{k}") for k, v in enumerate((-1.0, -2.0))]
    s = w[0] * x[0] + w[1] * x[1] + w[2]
    with group("sigmoid"):
        return Graph(ops.reciprocal(ops.exp(-s) + 1).named("y"))


def gates() -> Graph:
    x, y, z, w = (Variable(v, k) for k, v in zip("xyzw", (3.0, -4.0, 2.0, -1.0), strict=True))
    return Graph(((x * y + ops.maximum(z, w)) * 2).named("f"))


def mlp(rows: int = 4, inputs: int = 3) -> Graph:
    draw = np.random.default_rng(0).normal
    X, labels = Constant(draw(size=(rows, inputs)), "X"), Constant(np.arange(rows) % 2, "labels")
    shapes = {"W1": (inputs, 3), "b1": (3,), "W2": (3, 2), "b2": (2,)}
    W1, b1, W2, b2 = (Variable(draw(size=shape), name) for name, shape in shapes.items())
    with group("layer 1"):
        h = ops.relu(ops.affine(X, W1, b1))
    with group("layer 2"):
        logits = ops.affine(h, W2, b2).named("logits")
    return Graph(ops.cross_entropy(logits, labels).named("L"))


def chain(length: int) -> Graph:
    node = Variable(0.5, "x")
    for _ in range(length):
        node = ops.sin(node)
    return Graph(node)


def worked(graph: Graph) -> Graph:
    graph.backward()
    return graph


def texts(svg: str, css_class: str | None = None) -> list[str]:
    """Every text painted, or those inside groups of a class."""
    root = ET.fromstring(svg)
    groups = [root] if css_class is None else [g for g in root.iter(f"{SVG}g") if g.get("class") == css_class]
    return [t.text or "" for g in groups for t in g.iter(f"{SVG}text")]


@pytest.mark.parametrize("make", [two_paths, sigmoid_circuit, gates, mlp])
@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_every_name_operation_and_edge_is_painted(make, direction, theme):
    g = worked(make())
    svg = g.draw(direction=direction, theme=theme).svg
    painted = texts(svg)
    for node in g.nodes:
        assert g.names[node] in painted
        assert node.operation is None or node.operation.label in painted
    edges = [e for e in ET.fromstring(svg).iter(f"{SVG}g") if e.get("class") in ("e", "e0")]
    assert len(edges) == sum(len(node.inputs) for node in g.nodes)


@pytest.mark.parametrize("make", [two_paths, sigmoid_circuit, gates])
def test_every_value_gradient_and_local_derivative_is_painted(make):
    g = worked(make())
    svg = g.draw().svg
    values, gradients, locals_ = texts(svg, "v"), texts(svg, "g"), texts(svg, "l")
    for node in g.nodes:
        assert typeset(text.number(node.value)) in values
        if node.grad is not None:
            assert f"∇ {typeset(text.number(node.grad))}" in gradients
    expected = [
        f"∂ {typeset(text.number(g.local(node, k)))}"
        for node in g.nodes
        for k, x in enumerate(node.inputs)
        if x.needs_grad
    ]
    assert sorted(locals_) == sorted(expected)


def test_small_arrays_show_their_numbers_and_large_ones_their_shape():
    small = texts(worked(mlp()).draw().svg)
    assert typeset(text.number(mlp()["W2"].value[0, 0])) in small
    large = texts(worked(mlp(rows=64, inputs=784)).draw().svg)
    assert "784 × 3" in large
    assert "∇ 784 × 3" in large


def test_before_backward_there_is_no_gradient_and_no_local_derivative():
    svg = two_paths().draw().svg
    assert texts(svg, "g") == []
    assert texts(svg, "l") == []


def test_what_to_show_can_be_chosen():
    g = worked(two_paths())
    svg = g.draw(values=False, gradients=False, local=False).svg
    assert texts(svg, "v") == ["1"]  # a number written in the expression is its own name
    assert texts(svg, "g") + texts(svg, "l") == []
    assert "1 × 3 = 3" in texts(g.draw(upstream=True).svg)


def test_a_folded_group_is_one_gate_with_the_derivative_through_it():
    g = worked(sigmoid_circuit())
    svg = g.draw(collapse="sigmoid").svg
    assert "sigmoid" in texts(svg)
    assert "exp" not in texts(svg)
    y = g.output.value
    assert f"∂ {text.number(y * (1 - y))}" in texts(svg, "l")


def test_folding_an_unknown_group_names_the_known_ones():
    with pytest.raises(KeyError, match="the groups are: sigmoid") as error:
        sigmoid_circuit().draw(collapse="softmax")
    assert "softmax" in str(error.value)


def test_highlighting_marks_nodes_and_the_edges_between_them():
    svg = worked(two_paths()).draw(highlight=["b", "d", "e"]).svg
    assert svg.count('class="ring"') == 3
    assert svg.count('class="e mark"') == 2


HOSTILE = [
    '<script>alert("x")</script>',
    "quo'te\"\\n",
    "🔥🔥",
    "n" * 200,
    "]]>&amp;",
    "a\x00b",
    "\\N",
    "日本",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_comes_out_as_text(name):
    with group(name):
        g = worked(Graph((Variable(2.0, name) * Variable(3.0, "y")).named("z")))
    svg = g.draw().svg
    root = ET.fromstring(svg)
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    titles = "".join(t.text or "" for t in root.iter(f"{SVG}title"))
    assert name.replace("\x00", "�") in titles
    assert all(len(t) < 80 for t in texts(svg))
    assert g.to_dot().source
    assert "<script" not in g.draw().to_html()
    ET.fromstring(g.step().svg)


def test_there_are_no_ids_to_clash_on_a_page():
    g = worked(sigmoid_circuit())
    for svg in (g.draw().svg, g.step().svg):
        assert not [e for e in ET.fromstring(svg).iter() if "id" in e.attrib]
        assert "url(#" not in svg
        assert "xlink" not in svg


def test_the_same_graph_gives_the_same_bytes():
    assert worked(sigmoid_circuit()).draw().svg == worked(sigmoid_circuit()).draw().svg


def test_the_picture_says_in_words_what_it_shows():
    picture = worked(two_paths()).draw()
    root = ET.fromstring(picture.svg)
    assert root.get("role") == "img"
    assert "c is + of a (∂ 1), b (∂ 1), value 3, gradient 2." in root.get("aria-label")
    assert "gradient 5" in picture._repr_mimebundle_()["text/html"]


def test_a_bare_graph_shows_as_a_picture_in_notebooks():
    bundle = two_paths()._repr_mimebundle_()
    assert bundle["text/html"].startswith('<img class="bl-picture" src="data:image/svg+xml;base64,')
    assert bundle["text/plain"].startswith("Graph of 6 nodes")


def test_boxes_do_not_overlap_and_stay_inside():
    from backprop_lab.draw import card
    from backprop_lab.draw.layout import place

    for make in (two_paths, sigmoid_circuit, gates, mlp):
        for direction in ("LR", "TB"):
            shown = diagram(worked(make()), local=True)
            layout = place(shown, direction)
            boxes = [(layout.boxes[b.key], layout.sizes[b.key]) for b in shown.boxes]
            boxes += [(at, card.bead_size(shown.links[k])) for k, at in layout.beads.items()]
            for i, ((x, y), (w, h)) in enumerate(boxes):
                assert x - w / 2 >= 0
                assert y - h / 2 >= 0
                assert x + w / 2 <= layout.width
                assert y + h / 2 <= layout.height
                for (u, v), (p, q) in boxes[:i]:
                    assert abs(x - u) >= (w + p) / 2 - 0.1 or abs(y - v) >= (h + q) / 2 - 0.1


def test_large_graphs_fold_and_huge_ones_are_refused():
    folded = chain(400).draw()
    assert any("operations" in t for t in texts(folded.svg))
    assert len(diagram(chain(400)).boxes) == 401
    refused = Graph(sum((Variable(1.0, f"x{k}") for k in range(2000)), Variable(0.0, "start"))).draw()
    assert "at most 1,500" in repr(refused)
    assert "Draw a part" in refused._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("name", examples.names())
def test_every_graph_of_the_lectures_can_be_drawn_and_stepped(name):
    g = examples.get(name)
    stepper = g.step()
    ET.fromstring(stepper.svg)
    assert len(stepper.to_html()) < 100_000
    painted = texts(g.draw(theme="dark").svg)
    assert all(g.names[node] in painted for node in g.nodes if node.operation)


def test_wrong_choices_are_named():
    with pytest.raises(ValueError, match="direction is"):
        two_paths().draw(direction="up")
    with pytest.raises(ValueError, match="theme is"):
        two_paths().draw(theme="solarized")
