"""The documents, and their code blocks."""

import re
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/zoo-acme/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
_NOT_RUN = re.compile(r"<!-- not run: (needs .+) -->")


class Block(NamedTuple):
    """A code block: its place in the tree, its language, its text, and what it needs if a test cannot run it."""

    page: Path
    line: int
    language: str
    text: str
    needs: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def is_output_of(self, other: "Block") -> bool:
        """Whether this is a `text` block directly below ``other``: it shows what that prints."""
        fences_and_a_blank_line = 3
        return (
            self.language == "text" and self.line == other.line + len(other.text.splitlines()) + fences_and_a_blank_line
        )


def blocks(page: Path) -> list[Block]:
    """The code blocks of ``page``; the comment `<!-- not run: needs … -->` above one says why it does not run."""
    found, needs = [], ""
    for token in MarkdownIt().parse(page.read_text()):
        if token.type in ("fence", "code_block"):
            line = (token.map or [0])[0] + 1
            found.append(Block(page, line, token.info.strip(), token.content, needs))
        mark = _NOT_RUN.search(token.content) if token.type == "html_block" else None
        needs = mark[1] if mark else ""
    return found


def spans(page: Path) -> list[str]:
    """The code that ``page`` has within sentences and tables."""
    inline = (token for token in MarkdownIt().enable("table").parse(page.read_text()) if token.type == "inline")
    return [child.content for token in inline for child in token.children or [] if child.type == "code_inline"]


def links(page: Path) -> list[str]:
    """The links and pictures of ``page`` that lead to files of this repository, without their anchors."""
    inline = [token for token in MarkdownIt().enable("table").parse(page.read_text()) if token.type == "inline"]
    found = (
        str(child.attrs.get("href") or child.attrs.get("src") or "")
        for token in inline
        for child in token.children or []
    )
    return [path for path in (link.partition("#")[0] for link in found if "://" not in link) if path]


def commands(block: Block) -> list[str]:
    """The command lines of a shell block: every line of one in `sh`, those after `$` of one in `console`."""
    lines = [line.strip() for line in block.text.splitlines() if line.strip()]
    return lines if block.language == "sh" else [line[2:] for line in lines if line.startswith("$ ")]
