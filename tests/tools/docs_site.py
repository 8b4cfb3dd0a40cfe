# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What MkDocs shows beside the pages of docs/: a hook (mkdocs.yml), called by its builder.

Pages are made from what is true already: roles' READMEs, the documentation of modules, the first lines of playbooks.
Links that leave docs/ lead to the same file in the repository.
"""

from __future__ import annotations

import ast
import html
import os
import re
import urllib.parse
from pathlib import Path
from typing import Any

import yaml
from mkdocs.structure.files import File, Files

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
_ANCHOR = re.compile(r'\s(?:id|name)="([^"]*)"')
_ANCHORED = re.compile(r'<a\s[^>]*?href="([^":]*#[^"]+)"')
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_HEAD = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_CELL = re.compile(r"<td\b")
_TAG = re.compile(r"<[^>]*>")
_LINK = re.compile(r"(!?\[[^\]]*\])\(([^)#:\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made; MkDocs calls this once a build."""
    for path, text in made_pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Let links to files outside docs/ lead to the repository."""
    source = DOCS / page.file.src_uri
    return _outward(markdown, source.parent, config["repo_url"])


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Let each cell of a table know the head of its column, for screens on which columns have no room."""
    return _TABLE.sub(lambda table: _labelled(table[0]), html)


def on_post_build(config: Any) -> None:
    """Refuse a link to a heading that is not there. MkDocs' own check does not see pages that are made here.

    :raises ValueError: names each page and link
    """
    dead = dead_anchors(Path(config["site_dir"]))
    if dead:
        raise ValueError("links to headings that are not there:\n" + "\n".join(dead))


def dead_anchors(site: Path) -> list[str]:
    """Links of a built site, ``<page>: <link>``, whose page has no such anchor."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}
    anchors = {path: set(_ANCHOR.findall(text)) for path, text in pages.items()}
    dead = []
    for path, text in pages.items():
        for link in sorted(set(_ANCHORED.findall(text))):
            place, _hash, anchor = html.unescape(link).partition("#")
            target = Path(os.path.normpath(path.parent / place)) if place else path
            target = target / "index.html" if target.is_dir() else target
            if urllib.parse.unquote(anchor) not in anchors.get(target, ()):
                dead.append(f"{path.relative_to(site)}: {link}")
    return dead


def _labelled(table: str) -> str:
    """A table whose cells say in ``data-label`` what their column is (docs/stylesheets/tables.css shows it)."""
    heads = [_TAG.sub("", head) for head in _HEAD.findall(table)]

    def row(cells: re.Match[str]) -> str:
        columns = iter(heads)
        return _CELL.sub(lambda cell: f'{cell[0]} data-label="{next(columns, "")}"', cells[0])

    return _ROW.sub(row, table)


def made_pages() -> dict[str, str]:
    """Markdown by path below docs/."""
    return {
        "reference/roles.md": _roles(),
        "reference/modules.md": _modules(),
        "reference/playbooks.md": _playbooks(),
    }


def _outward(markdown: str, folder: Path, repository: str) -> str:
    def leading(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(folder / match[2]))
        if target.is_relative_to(DOCS) or not target.is_relative_to(CHECKOUT):
            return match[0]
        if not target.exists():
            raise ValueError(f"{folder.relative_to(CHECKOUT)}: the link {match[2]} leads nowhere")
        return f"{match[1]}({repository}/blob/main/{target.relative_to(CHECKOUT)}{match[3] or ''})"

    return _LINK.sub(leading, markdown)


def _roles() -> str:
    pages = [
        _deeper(_titled(_moved(readme.read_text(encoding="utf-8"), readme.parent), readme.parent.name))
        for readme in sorted(CHECKOUT.glob("roles/*/README.md"))
    ]
    return "# Roles\n\nEach is usable alone, with its own variables only.\n\n" + "\n".join(pages)


def _titled(text: str, role: str) -> str:
    """A role's README below the heading that links to it name: the role's name alone."""
    return re.sub(r"\A\s*# .*", f"# {role}", text)


def _moved(text: str, folder: Path) -> str:
    """The text of a page in another folder as it is right below docs/reference/."""

    def leading(match: re.Match[str]) -> str:
        return f"{match[1]}({os.path.relpath(folder / match[2], DOCS / 'reference')}{match[3] or ''})"

    return _LINK.sub(leading, re.sub(r"<!--.*?-->\n", "", text))


def _deeper(text: str) -> str:
    """Headings one level deeper; comments in code blocks stay what they are."""
    in_code = False
    lines = []
    for line in text.splitlines():
        in_code ^= line.startswith("```")
        lines.append("#" + line if line.startswith("#") and not in_code else line)
    return "\n".join(lines) + "\n"


def _modules() -> str:
    text = "# Modules\n\nEach does one step for the whole catalog; the roles use them, and so can you.\n"
    for path in sorted(CHECKOUT.glob("plugins/modules/*.py")):
        found = _documents(path)
        described = found["DOCUMENTATION"]
        text += f"\n## {described['module']}\n\n{_sentence(described['short_description'])}.\n\n"
        text += "".join(f"- {_words(line)}\n" for line in _list(described["description"]))
        text += "\n| option | type | default | meaning |\n|---|---|---|---|\n"
        for name, option in sorted(_options(described).items()):
            default = "required" if option.get("required") else f"`{option['default']}`" if "default" in option else ""
            text += f"| `{name}` | {option.get('type', 'str')} | {default} | {_cell(option['description'])} |\n"
        text += f"\n```yaml\n{found['EXAMPLES'].strip()}\n```\n"
        returned = yaml.safe_load(found["RETURN"]) or {}
        if returned:
            text += "\n| returns | type | meaning |\n|---|---|---|\n"
        for name, value in returned.items():
            text += f"| `{name}` | {value['type']} | {_cell(value['description'])} |\n"
    return text


def _documents(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
                found[name] = ast.literal_eval(node.value)
    return {**found, "DOCUMENTATION": yaml.safe_load(found["DOCUMENTATION"])}


def _options(described: dict[str, Any]) -> dict[str, Any]:
    """The options of a module, those of our documentation fragments included."""
    options = dict(described.get("options", {}))
    for fragment in described.get("extends_documentation_fragment", []):
        path = CHECKOUT / "plugins" / "doc_fragments" / (fragment.split(".")[2] + ".py")
        if path.exists() and fragment.count(".") == 2:
            source = ast.parse(path.read_text(encoding="utf-8"))
            texts = [
                ast.literal_eval(node.value)
                for node in ast.walk(source)
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
            ]
            options.update(yaml.safe_load(texts[0]).get("options", {}))
    return options


def _playbooks() -> str:
    text = "# Playbooks\n\nFrom a checkout by file, from an installed collection by full name.\n\n"
    text += "| playbook | by full name | what it does |\n|---|---|---|\n"
    for path in sorted(CHECKOUT.glob("playbooks/*.yml")):
        head = [line[1:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
        if not head:
            raise ValueError(f"{path.relative_to(CHECKOUT)} does not say in its first lines what it does")
        text += f"| `playbooks/{path.name}` | `selfhost.pyapps.{path.stem}` | {_cell(' '.join(head))} |\n"
    return text + "\nTheir variables are those of the role [pyapps](roles.md#pyapps).\n"


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _cell(value: str | list[str]) -> str:
    return " ".join(_words(line) for line in _list(value)).replace("|", "\\|")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _words(text: str) -> str:
    """Ansible's markup as Markdown's."""
    text = re.sub(r"\b[VOCE]\(([^)]*)\)", r"`\1`", " ".join(text.split()))
    return re.sub(r"\bM\(selfhost\.pyapps\.([a-z_]+)\)", r"[\1](#\1)", text)
