"""``{command-line}``: every command of ``backprop-lab`` with its arguments, from the commands themselves."""

from __future__ import annotations

import inspect
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class CommandLine(SphinxDirective):
    """A section for each command: usage, what it does, a list of its options."""

    def run(self) -> list[nodes.Node]:
        import typer.main

        from backprop_lab import cli

        cli._add_course_commands()
        group = typer.main.get_command(cli.app)
        out: list[nodes.Node] = []
        for name, command in group.commands.items():  # type: ignore[attr-defined]
            title = f"backprop-lab {name}"
            section = nodes.section(ids=[nodes.make_id(title)], names=[title])
            section += nodes.title("", title)
            shown = [part for part in command.params if part.name != "help"]
            usage = " ".join([title, *(_usage(part) for part in shown if part.param_type_name == "argument")])
            if any(part.param_type_name == "option" for part in shown):
                usage += " [options]"
            section += nodes.literal_block(usage, usage, language="console")
            section += self.parse_text_to_nodes(inspect.cleandoc(command.help or ""))
            if shown:
                section += _list(shown)
            out.append(section)
        return out


def _usage(part: Any) -> str:
    word = part.name.upper()
    return word if part.required else f"[{word}]"


def _list(parts: list[Any]) -> nodes.definition_list:
    found = nodes.definition_list()
    for part in parts:
        item = nodes.definition_list_item()
        names = (
            [part.name.upper()] if part.param_type_name == "argument" else [*part.opts, *part.secondary_opts]
        )
        term = nodes.term()
        for k, word in enumerate(names):
            term += [nodes.Text(", "), nodes.literal(word, word)][0 if k else 1 :]
        item += term
        item += nodes.definition("", nodes.paragraph("", getattr(part, "help", "") or ""))
        found += item
    return found


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's hook."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True}
