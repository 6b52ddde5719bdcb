"""What the documents name is there: files, links, commands and their options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from geotagger.cli.app import app
from trainer.__main__ import main as trainer

TREE = Path(__file__).resolve().parents[1]
DOCUMENTS = [TREE / "README.md", *sorted((TREE / "docs").glob("*.md")), TREE / "resources/model/README.md"]
NAMES = [document.relative_to(TREE).as_posix() for document in DOCUMENTS]
PROGRAMS = ("geotagger ", "python -m trainer ", "python scripts/", "python -m tests.")


def commands(text: str) -> list[list[str]]:
    """The command lines of a document, in words: those of its blocks, without what follows ``#``, and those within lines."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    within = [" ".join(one.split()) for one in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    found = [line.strip() for line in [*lines, *within]]
    return [shlex.split(line, comments=True) for line in found if line.startswith(PROGRAMS)]


def help_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says of its options, or the text of a script; fails where there is no such command."""
    if words[0] == "geotagger":
        result = CliRunner().invoke(app, [*words[1:2], "--help"], terminal_width=200)
        assert result.exit_code == 0, words
        return result.stdout
    if words[1] == "-m" and words[2] == "trainer":
        two_words = words[3] in ("collect", "original")
        with pytest.raises(SystemExit) as ended:
            trainer([*words[3 : 5 if two_words else 4], "--help"])
        assert ended.value.code == 0, words
        return capsys.readouterr().out
    file = words[1] if words[1] != "-m" else f"{words[2].replace('.', '/')}.py"
    return (TREE / file).read_text(encoding="utf-8")  # not run: some take no options, and would begin


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_a_document_is_there_with_its_options(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in commands((TREE / name).read_text(encoding="utf-8")):
        told = help_of(words, capsys)
        for word in words:
            if word.startswith("--"):
                option = word.partition("=")[0]
                assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", told), f"{words}: no {option}"


@pytest.mark.parametrize("name", NAMES)
def test_every_link_and_file_of_a_document_is_there(name: str) -> None:
    document = TREE / name
    text = document.read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)
    for target in linked:
        assert target.startswith("http") or (document.parent / target).exists(), target
    rooms = [TREE, *(TREE / room for room in ("geotagger", "geotagger/session", "docs"))]
    for named in re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|json|md|toml))`", text):
        # What lies in a package of others is told with the package's name before it.
        if not named.startswith("dist/"):
            assert any((room / named).exists() for room in rooms), named
