"""RULES.md is complete: its numbers, the rules that others cite, and its table of refusals."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from gateway.orders import refusals
from gateway.orders.explanation import TotalsRule
from gateway.orders.problems import ProblemCode, Refusal
from tests.support.paths import ROOT
from tests.support.rules import RULES, examples, numbers, tables

TEXT = RULES.read_text(encoding="utf-8")
CITED = re.compile(r"RULES\.md (\d+\.\d+(?:(?:, | and | or | to )\d+\.\d+)*)")
REFUSALS = {name: each for name, each in vars(refusals).items() if isinstance(each, Refusal)}
DEFINITIONS = {"1.3", "1.7", "2.12", "4.1", "7.1"}
"""The rules that define terms, list fields or name sources."""


def test_every_rule_except_definitions_has_an_example() -> None:
    rules = {number for number in numbers(TEXT) if "." in number and number[0] != "8"}
    assert rules - {example.rule for example in examples(TEXT)} == DEFINITIONS


def test_rules_are_numbered_once_and_in_order() -> None:
    result = [tuple(map(int, number.split("."))) for number in numbers(TEXT)]
    assert result == sorted(set(result))


def sources() -> Iterator[tuple[Path, str]]:
    """All hand-written texts of the project."""
    files = [ROOT / name for name in ("README.md", "schema.graphql", "pyproject.toml")]
    for folder in ("gateway", "tests", "docker"):
        files += sorted((ROOT / folder).rglob("*"))
    for path in files:
        is_text = path.suffix in (".py", ".md", ".graphql", ".toml")
        if is_text and "node_modules" not in path.parts:
            yield path, path.read_text(encoding="utf-8")


def test_every_cited_rule_has_a_heading() -> None:
    known = set(numbers(TEXT))
    cited: dict[str, Path] = {}
    for path, text in sources():
        for match in CITED.finditer(" ".join(text.split())):
            cited |= dict.fromkeys(re.findall(r"\d+\.\d+", match[1]), path)
    assert len(cited) > 20
    assert {number: path for number, path in cited.items() if number not in known} == {}


def test_the_table_of_refusals_names_each_code_and_rule_with_every_module_that_raises_it() -> None:
    """A module raises a refusal if it mentions one of refusals.py, or a code."""
    mentions = {
        (node.value.id, node.attr, path.stem)
        for path in (ROOT / "gateway").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    raised = {(name, module) for owner, name, module in mentions if owner == "ProblemCode"}
    names = {(name, module) for owner, name, module in mentions if owner == "refusals"}
    ruled = {(REFUSALS[name].code.name, REFUSALS[name].rule, module) for name, module in names}
    assert {name for name, _ in names} == REFUSALS.keys()
    rows = tables(TEXT, "code")
    stated = {
        (row["code"], row["rule"], name)
        for row in rows
        for name in re.findall(r"\w+", row["module"])
    }
    assert {each for each in stated if (each[0], each[2]) not in raised} == ruled
    pairs = {(code, module) for code, _, module in stated}
    assert pairs == raised | {(code, module) for code, _, module in ruled}
    assert {row["code"] for row in rows} == {code.name for code in ProblemCode}


def test_the_table_of_refusals_has_the_code_and_the_rule_of_each_refusal() -> None:
    stated = {(row["code"], row["rule"]) for row in tables(TEXT, "code")}
    assert {(refusal.code.name, refusal.rule) for refusal in REFUSALS.values()} <= stated


def test_each_refusal_names_a_rule_of_the_document() -> None:
    assert {row["rule"] for row in tables(TEXT, "code")} <= set(numbers(TEXT))


def test_the_rules_of_an_explanation_are_described_with_their_numbers() -> None:
    stated = {
        name: re.findall(r"\d+\.\d+", row["section"])
        for row in tables(TEXT, "`rule`")
        for name in re.findall(r"[A-Z_]+", row["rule"])
    }
    described = {rule.name: re.findall(r"RULES\.md (\d+\.\d+)", rule.value) for rule in TotalsRule}
    assert described == stated
