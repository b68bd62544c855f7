#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what `safevma linear -J --map --root DIR` says with what is true of a made-up machine.

	compare.py DIR/truth.json TOOL.json        TOOL.json - is standard input

Both are cut into stretches of addresses at all borders that either has, so it does not matter how
rows were merged; within a stretch every member counts. Exit status 0: they agree; 1: standard error
tells the first differences; 2: TOOL.json is not what it should be.
"""
import json
import sys

SHOWN = 20
ADDRESSES = 1 << 64


class Malformed(Exception):
    """The tool's output lacks something."""


def number(value):
    return value if isinstance(value, int) else int(value, 0)


class Row:
    """A stretch of addresses; what: members that must agree. pfn None: there is none to compare."""

    def __init__(self, start, end, pfn, state, what, source):
        self.start, self.end, self.pfn, self.state = start, end, pfn, state
        self.what, self.source = what, source

    def frame_at(self, address, page):
        return None if self.pfn is None else self.pfn + (address - self.start) // page


def tool_rows(document, page):
    linear, other = [], []
    if "map_extents" not in document:
        raise Malformed("no member 'map_extents'")
    for e in document["map_extents"]:
        try:
            start, frames = number(e["start"]), number(e["frames"])
            end = number(e["last"]) + 1 if "last" in e else number(e["end"]) or ADDRESSES
            pfn = None if e["pfn"] is None else number(e["pfn"])
            state = e["state"]
            what = (e["perm"], e["exec"], e["leaf_bytes"])
            zone = e["zone"]
        except (KeyError, TypeError, ValueError) as why:
            raise Malformed(f"row {e}: {why!r}") from why
        if end - start != frames * page or state not in ("mapped", "absent", "unknown", "none"):
            raise Malformed(f"row {e}: 'frames', 'end' and 'state' do not go together")
        (linear if zone == "linear" else other).append(Row(start, end, pfn, state, what, e))
    return linear, other


def truth_rows(truth):
    page, delta = truth["page_size"], int(truth["delta"], 16)
    linear, other = [], []
    for r in truth["linear"]:
        start = delta + r["pfn"] * page
        linear.append(Row(start, start + r["frames"] * page, r["pfn"], r["state"],
                          (r.get("perm"), r.get("exec"), r.get("leaf_bytes")), r))
    for r in truth["other"]:
        start = int(r["vaddr"], 16)
        other.append(Row(start, start + r["frames"] * page, r["pfn"], "mapped",
                         (r["perm"], r["exec"], r["leaf_bytes"]), r))
    return linear, other


def stretches(a, b):
    """(start, end, row of a or None, row of b or None), for all that either holds."""
    edges = sorted({x for rows in (a, b) for r in rows for x in (r.start, r.end)})
    cursors = [[sorted(rows, key=lambda r: r.start), 0] for rows in (a, b)]
    for start, end in zip(edges, edges[1:]):
        pair = []
        for cursor in cursors:
            rows, i = cursor
            while i < len(rows) and rows[i].end <= start:
                i += 1
            cursor[1] = i
            pair.append(rows[i] if i < len(rows) and rows[i].start <= start else None)
        if any(pair):
            yield start, end, pair[0], pair[1]


def overlapping(rows, name):
    rows = sorted(rows, key=lambda r: r.start)
    for last, r in zip(rows, rows[1:]):
        if r.start < last.end:
            yield f"{name}: {r.start:#x} is told twice"


def told(row):
    return "nothing" if row is None else f"{row.state} {row.what} pfn {row.pfn}"


class Comparison:
    """findings: texts."""

    def __init__(self, truth, document):
        self.truth, self.page = truth, truth["page_size"]
        self.delta = int(truth["delta"], 16)
        self.tool_linear, self.tool_other = tool_rows(document, self.page)
        self.linear, self.other = truth_rows(truth)
        self.findings = [*overlapping(self.tool_linear, "linear"),
                         *overlapping([r for r in self.tool_other if r.state == "mapped"],
                                      "other")]
        self.compare_linear()
        self.compare_other()

    def differ(self, where, start, want, got):
        self.findings.append(f"{where} {start:#x}: {told(got)}, not {told(want)}")

    def same(self, start, want, got):
        if got.state != want.state:
            return False
        if got.state == "unknown":
            return True
        frames = want.frame_at(start, self.page), got.frame_at(start, self.page)
        if got.state == "absent":
            return got.what[2] in (None, want.what[2]) and frames[1] in (None, frames[0])
        return got.what == want.what and frames[0] == frames[1]

    def in_ram(self, start):
        pfn = (start - self.delta) // self.page
        return any(lo <= pfn < hi for lo, hi in self.truth["ram"])

    def compare_linear(self):
        for start, _, want, got in stretches(self.linear, self.tool_linear):
            if got is not None and got.state == "none":
                got = None
            if want is None:  # a hole: it may be called unknown, but nothing else
                ok = got is None or (got.state == "unknown" and not self.in_ram(start))
            elif got is None:
                ok = want.source.get("optional", False) or not self.truth["usable"]
            else:
                doubt = want.source.get("or_unknown", False) and got.state == "unknown"
                ok = doubt or self.same(start, want, got)
            if not ok:
                self.differ("linear", start, want, got)

    def linear_beyond(self, start, got):
        """A frame beyond RAM may be told of as another mapping."""
        for want in self.linear:
            if want.start <= start < want.end and want.source.get("optional"):
                return self.same(start, want, got)
        return False

    def compare_other(self):
        whole = {}  # (group, entry) -> all of it was told
        for start, _, want, got in stretches(
                self.other, [r for r in self.tool_other if r.state == "mapped"]):
            if want is None:
                if not self.linear_beyond(start, got):
                    self.differ("other", start, want, got)
                continue
            key = (want.source.get("shared"), want.source.get("through"))
            if got is not None and not self.same(start, want, got):
                self.differ("other", start, want, got)
            elif got is None and not want.source.get("optional"):
                if key[0] is None:
                    self.differ("other", start, want, got)
                else:
                    whole[key] = False
            if key[0] is not None:
                whole.setdefault(key, True)
        for group in {g for g, _ in whole}:
            if not any(told_all for (g, _), told_all in whole.items() if g == group):
                self.findings.append(f"other: table {group}, which several entries share, "
                                     "is told of through none of them")


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as f:
        truth = json.load(f)
    try:
        if arguments[1] == "-":
            document = json.load(sys.stdin)
        else:
            with open(arguments[1], encoding="utf-8") as f:
                document = json.load(f)
        findings = Comparison(truth, document).findings
        if truth.get("anything"):
            findings = []
    except (Malformed, ValueError) as why:
        print(f"compare.py: {why}", file=sys.stderr)
        return 2
    for line in findings[:SHOWN]:
        print(line, file=sys.stderr)
    if len(findings) > SHOWN:
        print(f"and {len(findings) - SHOWN} more", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
