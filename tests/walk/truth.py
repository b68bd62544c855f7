#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is true of a made-up machine, told from the intents of its tables.

linear: [pfn, frames) with state mapped | absent | unknown; frames that no row holds are none. A row
with "optional" may be missing: it lies outside the range from the first frame of RAM to the last.
"or_unknown": the walk may also have given up on it. A document with "anything" holds no truth: bits
were flipped at random.
other: addresses outside the linear map. "optional": what a walk may leave out (not RAM, or an entry
of the linear map that speaks of another frame). Rows with the same "shared" are the same table seen
through several entries: one of them suffices.
"""
from machine import ABSENT, LEAF, TABLE


class Truth:
    """linear and other, as lists of rows."""

    def __init__(self, machine, usable=True):
        self.m, self.page = machine, machine.page
        self.delta, self.arch = machine.layout.delta, machine.arch
        self.linear_rows, self.other = [], []
        self.window = (self.delta + machine.mapped.lo, self.delta + machine.ram.hi)
        self.usable = usable
        if usable:
            self.visit(machine.root, 0, (True, True), [])
        self.linear = self.complete()

    # ---- walking the intents -----------------------------------------------------------------

    def address(self, base, node, index):
        va = base + index * self.arch.size(node.level)
        if node is self.m.root and self.arch.kernel_half:
            va += (1 << 64) - (1 << self.arch.va_bits)
        return va

    def visit(self, node, base, permission, path):
        for i in sorted(node.entries):
            kind, value, a, b = node.entries[i]
            va = self.address(base, node, i)
            if kind == TABLE:
                self.visit_table(value, va, node.level, permission, (a, b), path)
            elif kind in (LEAF, ABSENT):
                w, x = permission[0] and bool(a), permission[1] and bool(b)
                self.leaf(kind, va, value, node.level, (w, x), path)
            elif self.inside(va):  # an entry that leads nowhere
                self.add_linear(va - self.delta, self.arch.size(node.level), "unknown")

    def visit_table(self, node, va, level, permission, restriction, path):
        allowed = (permission[0] and not restriction[0], permission[1] and not restriction[1])
        if node.shared:
            path = path + [(node.shared, va)]
        before = len(self.linear_rows), len(self.other)
        self.visit(node, va, allowed, path)
        if node.cut:
            self.doubt(before, va - self.delta, self.arch.size(level))

    def doubt(self, before, pa, size):
        """The second half of this table cannot be read, and perhaps the first is not taken."""
        rows, half = self.linear_rows[before[0] :], pa + size // 2
        others = self.other[before[1] :]
        del self.linear_rows[before[0] :], self.other[before[1] :]
        for r in rows:
            if r["pfn"] * self.page < half:
                self.linear_rows.append({**r, "or_unknown": True})
        self.other += [r for r in others if r["vaddr"] - self.delta < half]
        self.add_linear(half, size // 2, "unknown")

    def inside(self, va):
        return self.window[0] <= va < self.window[1]

    def leaf(self, kind, va, pa, level, permission, path):
        size, (write, execute) = self.arch.size(level), permission
        perm = "rw" if write else "ro"
        if self.inside(va):
            self.linear_leaf(kind, va, pa, level, permission)
            if kind == LEAF and pa != va - self.delta:
                self.other.append({
                    "vaddr": va, "pfn": pa // self.page, "frames": size // self.page,
                    "perm": perm, "exec": execute, "leaf_bytes": size, "optional": True})
        elif kind == LEAF:
            row = {"vaddr": va, "pfn": pa // self.page, "frames": size // self.page,
                   "perm": perm, "exec": execute, "leaf_bytes": size}
            if not self.m.in_ram(pa, pa + size):
                row["optional"] = True
            if path:
                row["shared"] = path[-1][0]
                row["through"] = path[-1][1]
            self.other.append(row)

    def linear_leaf(self, kind, va, pa, level, permission):
        size, frame = self.arch.size(level), va - self.delta
        if pa != frame:
            self.add_linear(frame, size, "unknown")
        elif kind == ABSENT:
            self.add_linear(frame, size, "absent", leaf_bytes=size)
        else:
            self.add_linear(frame, size, "mapped", perm="rw" if permission[0] else "ro",
                            exec=permission[1], leaf_bytes=size)

    # ---- the linear map as rows --------------------------------------------------------------

    def add_linear(self, pa, size, state, **more):
        self.linear_rows.append({"pfn": pa // self.page, "frames": size // self.page,
                                 "state": state, **more})

    def complete(self):
        """Rows cut at the borders of RAM; RAM that no entry speaks of is unknown."""
        rows, page = [], self.page
        self.linear_rows.sort(key=lambda r: r["pfn"])
        ram = [(-(-lo // page), hi // page) for lo, hi in self.m.ram]
        edges = sorted({e for r in ram for e in r})
        at = None
        for r in self.linear_rows:
            if at is not None and r["pfn"] < at:
                raise AssertionError("two rows of the linear map overlap")
            at = r["pfn"] + r["frames"]
            rows += self.cut(r, edges)
        rows = [r for r in rows
                if r["state"] != "unknown" or any(a <= r["pfn"] < b for a, b in ram)]
        rows += self.gaps(rows, ram)
        for r in rows:
            if r["pfn"] < ram[0][0] or r["pfn"] >= ram[-1][1]:
                r["optional"] = True
        rows.sort(key=lambda r: r["pfn"])
        return self.merge(rows)

    @staticmethod
    def cut(row, edges):
        start, end, out = row["pfn"], row["pfn"] + row["frames"], []
        for edge in [e for e in edges if start < e < end] + [end]:
            out.append({**row, "pfn": start, "frames": edge - start})
            start = edge
        return out

    @staticmethod
    def gaps(rows, ram):
        out, rows = [], sorted(rows, key=lambda r: r["pfn"])
        for lo, hi in ram:
            at = lo
            for r in [r for r in rows if lo <= r["pfn"] < hi]:
                if r["pfn"] > at:
                    out.append({"pfn": at, "frames": r["pfn"] - at, "state": "unknown"})
                at = r["pfn"] + r["frames"]
            if at < hi:
                out.append({"pfn": at, "frames": hi - at, "state": "unknown"})
        return out

    @staticmethod
    def merge(rows):
        out = []
        for r in rows:
            last = out[-1] if out else None
            same = last and last["pfn"] + last["frames"] == r["pfn"]
            if same and all(last.get(k) == r.get(k) for k in
                            ("state", "perm", "exec", "leaf_bytes", "optional", "or_unknown")):
                last["frames"] += r["frames"]
            else:
                out.append(dict(r))
        return out

    def document(self, **more):
        return {
            "usable": self.usable, "arch": self.arch.name, "machine": self.arch.machine,
            "page_size": self.page, "levels": self.arch.root_level + 1,
            "va_bits": self.arch.va_bits, "delta": hex(self.delta % (1 << 64)),
            "root": hex(self.m.root.pa + self.arch.root_offset),
            "ram": [[lo // self.page, hi // self.page] for lo, hi in self.m.ram],
            "linear": self.linear,
            "other": [{**r, "vaddr": hex(r["vaddr"]),
                       **({"through": hex(r["through"])} if "through" in r else {})}
                      for r in self.other],
            **more,
        }
