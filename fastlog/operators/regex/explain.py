"""What a pattern was compiled to, in words: for debugging, and to see which short cuts it got."""

from __future__ import annotations

from fastlog.operators.regex.assemble import SCAN_NONE, Node, Tables, Turn, assemble, byte_ranges
from fastlog.operators.regex.determinize import determinize
from fastlog.operators.regex.nfa import ALL_BYTES, Nfa
from fastlog.operators.regex.syntax import parse

_SHOWN_RANGES = 6


def explain(pattern: str, *, state_budget: int = 2000) -> str:
    """A summary, then a line for each node: what it skips, what it expects and where that leads.

    Raises what :func:`fastlog.operators.regex.compile` raises.
    """
    tdfa = determinize(Nfa(parse(pattern), 10 * state_budget), state_budget)
    tables = assemble(tdfa)
    lines = [
        f"{len(tables.nodes)} states, {len(tdfa.classes)} classes of bytes, {tables.slots} slots for {tdfa.tags} tags, "
        f"{'only at the start of the text' if tdfa.anchored else 'anywhere in the text'}"
    ]
    lines += [f"{number}: {_node(node, tables)}" for number, node in enumerate(tables.nodes)]
    return "\n".join(lines)


def _node(node: Node, tables: Tables) -> str:
    parts = []
    if node.scan != SCAN_NONE:
        parts.append(f"skip {'1 or more' if node.plus else '0 or more'} of {_set(ALL_BYTES & ~node.stops)}")
    if node.chain:
        chain = "".join(
            _set(sum(((2 << low + span) - (1 << low)) for low, span in dict.fromkeys(pair))) for pair in node.chain
        )
        parts.append(f"expect {chain} → {node.chain_targets[-1]}")
    for turn in dict.fromkeys([node.then_turn, node.turn] if node.plus else [node.then_turn]):
        if turn != Turn():
            parts.append(f"or {_set((2 << turn.low + turn.span) - (1 << turn.low))} → {turn.target}")
    width = max(tables.class_of) + 1
    row = tables.cells[node.then_row : node.then_row + width]
    others = sorted({target for target, _ in (tables.edges[cell] for cell in row) if target is not None})
    parts.append(f"table → {', '.join(map(str, others)) or 'nothing'}")
    if node.then_end:
        parts.append("may end here")
    return "; ".join(parts)


def _set(members: int) -> str:
    """A set of bytes as a character class; a single one as itself."""
    if members.bit_count() == 1:
        return _byte(members.bit_length() - 1)
    inverted = members.bit_count() > 128
    ranges = byte_ranges(ALL_BYTES & ~members if inverted else members)
    text = "".join(
        _byte(low) if span == 0 else f"{_byte(low)}-{_byte(low + span)}" for low, span in ranges[:_SHOWN_RANGES]
    )
    return f"[{'^' if inverted else ''}{text}{'…' if len(ranges) > _SHOWN_RANGES else ''}]"


def _byte(byte: int) -> str:
    return repr(chr(byte))[1:-1] if byte < 128 else f"\\x{byte:02x}"
