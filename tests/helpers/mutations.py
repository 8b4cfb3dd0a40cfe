# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small changes of a Python source that a good test would notice."""

from __future__ import annotations

import ast
import re
import typing as t

TURNED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: (r"==", "!="),
    ast.NotEq: (r"!=", "=="),
    ast.Lt: (r"<", ">="),
    ast.LtE: (r"<=", ">"),
    ast.Gt: (r">", "<="),
    ast.GtE: (r">=", "<"),
    ast.In: (r"\bin\b", "not in"),
    ast.NotIn: (r"\bnot\s+in\b", "in"),
    ast.Is: (r"\bis\b", "is not"),
    ast.IsNot: (r"\bis\s+not\b", "is"),
}
"""How each comparison is written, and what takes its place."""
SWAPPED: dict[type[ast.AST], tuple[str, str]] = {
    ast.And: (r"\band\b", "or"),
    ast.Or: (r"\bor\b", "and"),
    ast.Add: (r"\+", "-"),
    ast.Sub: (r"-", "+"),
}
TELLING = {"say", "tell", "warn", "print", "debug", "info", "warning", "error", "exception", "critical", "log"}
"""Names of functions that write what people read about the work: what is in their arguments stays."""


class Mutant(t.NamedTuple):
    """One small change."""

    file: str
    line: int
    before: str  # the line that is changed, without what surrounds it
    after: str
    source: str  # of the whole file, changed


def mutants(file: str, source: str) -> list[Mutant]:
    """Every small change of a source, in the order of its lines; each is Python that can be compiled."""
    text = source.encode()
    changes = _Changes(text)
    changes.visit(ast.parse(source))
    found = [_mutant(file, text, *change) for change in sorted(changes.found)]
    return [mutant for mutant in found if mutant.source != source and _compiles(mutant.source)]


def _mutant(file: str, text: bytes, start: int, end: int, new: bytes) -> Mutant:
    changed = text[:start] + new + text[end:]
    return Mutant(file, text.count(b"\n", 0, start) + 1, _line(text, start), _line(changed, start), changed.decode())


def _line(text: bytes, place: int) -> str:
    return text[text.rfind(b"\n", 0, place) + 1 :].partition(b"\n")[0].decode().strip()


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


class _Changes(ast.NodeVisitor):
    """Finds them: from which byte to which, and what takes the place."""

    def __init__(self, text: bytes) -> None:
        self.found: set[tuple[int, int, bytes]] = set()
        self._text = text
        self._lines = [0, *(match.end() for match in re.finditer(rb"\n", text))]

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._lines[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        return self._lines[t.cast(int, node.end_lineno) - 1] + t.cast(int, node.end_col_offset)

    def _between(self, left: ast.expr, right: ast.expr, written: tuple[str, str]) -> None:
        """Change the operator that stands between two expressions; a comment there may hold the same word."""
        start, end = self._end(left), self._start(right)
        gap = re.sub(rb"#[^\n]*", lambda match: b" " * len(match.group()), self._text[start:end])
        match = re.search(written[0].encode(), gap)
        if match:
            self.found.add((start + match.start(), start + match.end(), written[1].encode()))

    def _off_by_one(self, node: ast.expr | None, steps: tuple[int, ...] = (1, -1)) -> None:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            for step in steps:
                self.found.add((self._start(node), self._end(node), b"%d" % (node.value + step)))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """All but its annotations."""
        if node.name != "__repr__":
            for part in (*node.args.defaults, *node.args.kw_defaults, *node.body):
                if part is not None:
                    self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.orelse:
                self.visit(statement)
        elif "__name__" not in ast.unparse(node.test):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in TELLING:
            self.visit(node.func)
            return
        if name == "range":
            for argument in node.args:
                self._off_by_one(argument)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, bool):
            self.found.add((self._start(value), self._end(value), b"%r" % (not value.value)))
        elif value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            self.found.add((self._start(value), self._end(value), b"None"))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for left, operator, right in zip(operands, node.ops, operands[1:]):
            self._between(left, right, TURNED[type(operator)])
        for operand in operands:
            self._off_by_one(operand)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:]):
            self._between(left, right, SWAPPED[type(node.op)])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            start = self._start(node)
            match = t.cast("re.Match[bytes]", re.compile(rb"not\s*").match(self._text, start))
            self.found.add((start, match.end(), b""))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in SWAPPED and not any(_is_no_number(side) for side in (node.left, node.right)):
            self._between(node.left, node.right, SWAPPED[type(node.op)])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if type(node.op) in SWAPPED and not _is_no_number(node.value):
            self._between(t.cast(ast.expr, node.target), node.value, SWAPPED[type(node.op)])
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        for bound in [node.slice.lower, node.slice.upper] if isinstance(node.slice, ast.Slice) else [node.slice]:
            inner = bound.operand if isinstance(bound, ast.UnaryOp) else bound
            self._off_by_one(inner, (1,))
        self.generic_visit(node)


def _is_no_number(node: ast.expr) -> bool:
    """Whether it is seen to be a text or a list: those have no minus, so any test at all would notice."""
    if isinstance(node, ast.BinOp):
        return _is_no_number(node.left) or _is_no_number(node.right)
    literals = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)
    return isinstance(node, literals) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))
