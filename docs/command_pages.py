"""A page for each command of ``tsgan``, made from its own help when the site is built.

A hook of mkdocs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from tsgan.cli.app import app

INTRODUCTION = """\
# Commands

What follows is made from the commands' own help: `tsgan COMMAND --help` says the same.

{list}

A mistake in a file or a setting ends in one line on standard error, which says what was expected,
what came and the remedy, and in exit code 1; an option that does not exist in exit code 2. Figures
and tables go to standard output.
"""


def commands() -> dict[str, Any]:
    """Return the commands of the app by name, in its order."""
    group = typer.main.get_command(app)
    return dict(group.commands)


def plain(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it stands."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return "".join("\\" + letter if letter in "\\`*_[]|#" else letter for letter in escaped)


def parts(command: Any, context: Any) -> Iterator[str]:
    """Yield the lines of arguments and options under their headings."""
    panels: dict[str, list[str]] = {}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None:
            continue
        argument = parameter.param_type_name == "argument"
        title = getattr(parameter, "rich_help_panel", None)
        panel = "Arguments" if argument else str(title or "Options")
        names, meaning = record
        panels.setdefault(panel, []).append(f"`{names.strip()}`\n:   {plain(meaning)}\n")
    short = len(panels.get("Options", ())) == 1  # --help alone
    order = {"Arguments": 0, "Options": 3 if short else 1}
    for panel in sorted(panels, key=lambda name: order.get(name, 2)):
        yield f"## {panel}\n"
        yield from panels[panel]


def page(name: str, command: Any) -> str:
    """Return the Markdown of a command's page."""
    context = command.context_class(command, info_name=f"tsgan {name}", max_content_width=78)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    about = "\n\n".join(plain(part) for part in (command.help or "").split("\n\n"))
    return "\n".join(
        [f"# tsgan {name}\n", f"{about}\n", f"```\n{usage}\n```\n", *parts(command, context)]
    )


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages into the navigation."""
    pages = [{name: f"commands/{name}.md"} for name in commands()]
    for entry in config.nav or []:
        if "Commands" in entry:
            entry["Commands"] = ["commands/index.md", *pages]
        for name, below in entry.items():
            if isinstance(below, list):
                entry[name] = [one for one in below if there(one, config)]
    return config


def there(entry: object, config: MkDocsConfig) -> bool:
    """Return whether a page of the navigation exists, or is made here."""
    (target,) = entry.values() if isinstance(entry, dict) else (entry,)
    return str(target).startswith("commands/") or (Path(config.docs_dir) / str(target)).exists()


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    lines = []
    for name, command in commands().items():
        about = plain((command.help or "").split("\n\n")[0])
        lines.append(f"- [`tsgan {name}`]({name}.md): {about}")
        files.append(File.generated(config, f"commands/{name}.md", content=page(name, command)))
    index = INTRODUCTION.format(list="\n".join(lines))
    files.append(File.generated(config, "commands/index.md", content=index))
    return files


def on_page_content(content: str, **_: Any) -> str:
    """Take the roles of Sphinx off the names in docstrings."""
    return re.sub(r":(?:func|class|mod|data|meth|attr):(?=<code|<a)", "", content)
