#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine made up: its RAM, its kernel page tables, and what is true of them.

Tables are kept as trees of intents (what an entry is meant to say); bytes are made from them at the
end, and the truth is told from the intents, never from the bytes.
"""
import struct

from arch import GB, MASK64, MB, X86, Arm64, Riscv

TABLE, LEAF, ABSENT, RAW = "table", "leaf", "absent", "raw"


class Node:
    """A table: index -> (kind, value, ro or write, nx or execute)."""

    def __init__(self, pa, level):
        self.pa, self.level, self.entries = pa, level, {}
        self.shared = None  # number of a group, once two entries point here
        self.cut = False  # only its first half can be read


class Ranges:
    """Sorted, disjoint ranges of physical addresses."""

    def __init__(self, ranges):
        self.ranges = sorted(ranges)

    def __iter__(self):
        return iter(self.ranges)

    def contains(self, lo, hi):
        return any(a <= lo and hi <= b for a, b in self.ranges)

    def overlaps(self, lo, hi):
        return any(a < hi and lo < b for a, b in self.ranges)

    @property
    def lo(self):
        return self.ranges[0][0]

    @property
    def hi(self):
        return self.ranges[-1][1]


class Machine:
    """Drawn from rng; self.linear and self.other are the truth."""

    IMAGE_BYTES = 16 * MB
    POOL_FRAMES = 800  # room for tables: more than any machine here needs

    def __init__(self, layout, rng):
        self.layout, self.arch, self.rng = layout, layout.arch, rng
        self.page = self.arch.page
        self.attributes = rng.random() < 0.5  # of tables: sometimes they restrict
        self.draw_ram()
        self.root = Node(self.image[0] + self.IMAGE_BYTES // 2, self.arch.root_level)
        self.root.pa += rng.randrange(16) * max(self.page, 8192)
        self.nodes = [self.root]
        self.groups = 0
        layout.finish(self.image[0], layout.root_va(self.root.pa, self.image[0]))
        self.fill_linear()
        self.fill_image()
        self.fill_areas()

    # ---- memory ------------------------------------------------------------------------------

    def draw_ram(self):
        """A low piece on x86, then pieces with holes between them; image and tables in one."""
        rng, page, base = self.rng, self.page, self.layout.ram_base
        largest = self.arch.leaf_levels[-1]
        unit = self.arch.size(min(largest, 1)) if largest else max(page, 64 * 1024)
        ranges, at = [], base
        if isinstance(self.arch, X86):
            ranges.append((base + page, base + 0x9F000))
            at = base + MB
        pool = self.POOL_FRAMES * page
        first = (self.IMAGE_BYTES + pool) // MB * MB + 24 * MB
        start = max(base + 16 * MB, base)
        self.image = (start, start + self.IMAGE_BYTES)
        self.pool = (start + self.IMAGE_BYTES, start + self.IMAGE_BYTES + pool)
        if isinstance(self.arch, (Arm64, Riscv)) and rng.random() < 0.5:
            at += rng.randrange(1, 40) * page  # RAM need not begin at a block
        ranges.append((at, base + 16 * MB + first))
        at = ranges[-1][1]
        if self.arch.name == "i386":  # one piece there: lowmem from address 0
            ranges = [(0, at)]
        else:
            at = self.draw_pieces(ranges, at, unit, largest)
        if largest == 2 and self.arch.name != "i386":
            at = -(-at // GB) * GB
            ranges.append((at + rng.choice([0, GB]), at + 2 * GB + rng.choice([0, page * 5])))
        self.ram = Ranges(ranges)
        self.allocated = self.pool[0]

    def draw_pieces(self, ranges, at, unit, largest):
        rng, page = self.rng, self.page
        for _ in range(rng.randrange(1, 5)):
            hole = rng.choice([page * rng.randrange(1, 64), unit, page * 3 + unit])
            size = page * rng.randrange(16, 600)
            if largest:
                size += unit * rng.randrange(1, 4 if unit > 64 * MB else 24)
            ranges.append((at + hole, at + hole + size))
            at = ranges[-1][1]
        return at

    def allocate(self, level):
        pa = self.allocated
        step = self.page * self.rng.choice([1, 1, 1, 2])
        self.allocated = pa + step
        if self.allocated > self.pool[1]:
            raise RuntimeError("the pool of tables is too small")
        node = Node(pa, level)
        self.nodes.append(node)
        return node

    def in_ram(self, lo, hi):
        return self.ram.contains(lo, hi)

    # ---- building ----------------------------------------------------------------------------

    def restriction(self, linear):
        """(ro, nx) of an entry that points to a table."""
        if not self.arch.table_attributes or not self.attributes:
            return False, False
        return self.rng.random() < (0.03 if linear else 0.15), self.rng.random() < 0.1

    def node_at(self, va, level, linear=False):
        """The table of LEVEL that va goes through, made when it is not there."""
        node = self.root
        while node.level > level:
            i = self.arch.index(va, node.level)
            if i not in node.entries:
                below = self.allocate(node.level - 1)
                ro, nx = self.restriction(linear)
                if isinstance(self.arch, X86) and self.arch.pae and node is self.root:
                    ro = nx = False
                node.entries[i] = (TABLE, below, ro, nx)
            if node.entries[i][0] != TABLE:
                return None
            node = node.entries[i][1]
        return node

    def put(self, va, level, entry, linear=False):
        """False when something is there already."""
        node = self.node_at(va, level, linear)
        i = self.arch.index(va, level)
        if node is None or i in node.entries:
            return False
        node.entries[i] = entry
        return True

    # ---- the linear map ----------------------------------------------------------------------

    def mapped_ranges(self):
        """RAM, and here and there a part of the holes between."""
        rng, out = self.rng, []
        ranges = list(self.ram)
        for i, (lo, hi) in enumerate(ranges):
            after = ranges[i + 1][0] if i + 1 < len(ranges) else hi
            how = rng.random()
            if how < 0.3:
                hi = after
            elif how < 0.5 and after > hi:
                hi += rng.randrange((after - hi) // self.page + 1) * self.page
            out.append((lo, hi))
        if isinstance(self.arch, X86):
            out[0] = (0, out[0][1])
        merged = []
        for lo, hi in out:
            if merged and merged[-1][1] == lo:
                lo = merged.pop()[0]
            merged.append((lo, hi))
        return merged

    def fill_linear(self):
        rng, mapped = self.rng, self.mapped_ranges()
        self.mapped = Ranges(mapped)
        self.splits = []
        for lo, hi in self.ram:
            for _ in range(rng.randrange(1, 4)):
                self.splits.append((rng.randrange(lo, hi), rng.randrange(3)))
        self.splits.append((self.root.pa, 0))
        self.run = ("rw", 0)
        for lo, hi in mapped:
            self.fill(lo, hi, self.arch.root_level)

    def fill(self, lo, hi, level):
        """Leaves of this level for the aligned pieces in [lo, hi) that are not split."""
        size = self.arch.size(level)
        # pieces are counted in virtual addresses: delta need not be aligned to the root's entries
        va = lo + self.layout.delta
        while va < hi + self.layout.delta:
            end = min((va // size + 1) * size, hi + self.layout.delta)
            pa = va - self.layout.delta
            whole = end - va == size and pa % size == 0 and level in self.arch.leaf_levels
            if whole and not self.must_split(pa, pa + size, level):
                self.put_linear(pa, level)
            else:
                self.fill(pa, end - self.layout.delta, level - 1)
            va = end

    def must_split(self, lo, hi, level):
        return level > 0 and any(lo <= pa < hi and to < level for pa, to in self.splits)

    def draw_state(self, level):
        """States come in runs, so that there is something to merge."""
        kind, left = self.run
        if left and level == 0:
            self.run = (kind, left - 1)
            return kind
        kind = self.rng.choices(["rw", "ro", "x", "absent", "zero", "wrong"],
                                [70, 8, 2, 10, 6, 4])[0]
        self.run = (kind, self.rng.choice([0, 1, 5, 40, 300]) if kind == "rw" else
                    self.rng.choice([0, 0, 1, 7]))
        return kind

    def put_linear(self, pa, level):
        size = self.arch.size(level)
        state = self.draw_state(level)
        lo, hi = self.pool
        if pa < hi and pa + size > lo or pa <= self.root.pa < pa + size:
            state = "ro" if state == "ro" or pa <= self.root.pa < pa + size else "rw"
        if not self.in_ram(pa, pa + size) and state not in ("rw", "ro"):
            state = "rw"
        entry = {
            "rw": (LEAF, pa, True, False),
            "ro": (LEAF, pa, False, False),
            "x": (LEAF, pa, self.rng.random() < 0.5, True),
            "absent": (ABSENT, pa, None, None),
            "zero": None,
        }.get(state) if state != "wrong" else self.wrong(pa, size)
        if entry:
            self.put(pa + self.layout.delta, level, entry, linear=True)
        else:
            self.node_at(pa + self.layout.delta, level, linear=True)

    def wrong(self, pa, size):
        """An entry that speaks of another frame; aligned, so that it is a valid one."""
        steps = (self.ram.hi - self.ram.lo) // size
        other = (self.ram.lo // size + self.rng.randrange(max(steps, 1))) * size
        if other == pa:
            other += size
        kind = self.rng.choice([LEAF, ABSENT])
        return (kind, other, True, False)

    # ---- the rest of the kernel half -----------------------------------------------------------

    def fill_image(self):
        """The image's own addresses, some of them freed, others left behind."""
        if not self.layout.has_image:
            return
        rng, at, va = self.rng, self.image[0], self.layout.image_va
        big = self.arch.size(1)
        while at < self.image[1]:
            how = rng.choice(["big", "big", "small", "none"])
            aligned = va % big == 0 and at % big == 0 and at + big <= self.image[1]
            if how == "big" and aligned and 1 in self.arch.leaf_levels:
                self.put(va, 1, (LEAF, at, *self.permission()))
                at, va = at + big, va + big
                continue
            write, execute = self.permission()
            for _ in range(rng.choice([1, 8, 64])):
                if at < self.image[1] and how != "none":
                    self.put(va, 0, (LEAF, at, write, execute))
                at, va = at + self.page, va + self.page

    def permission(self):
        return self.rng.choice([(True, False), (False, False), (False, True), (True, True)])

    def some_frame(self, size):
        """Most often RAM, else beyond it."""
        lo, hi = self.rng.choice(list(self.ram))
        if self.rng.random() < 0.1 or hi - lo < size:
            return -(-self.ram.hi // size) * size + self.rng.randrange(16) * size
        return lo // size * size + self.rng.randrange((hi - lo) // size) * size

    def fill_areas(self):
        for name, (start, length, _) in self.layout.areas.items():
            for _ in range(self.rng.randrange(1, 6)):
                level = 1 if 1 in self.arch.leaf_levels and self.rng.random() < 0.3 else 0
                size = self.arch.size(level)
                va = -(-start // size) * size
                if self.rng.random() < 0.3:  # as memory of CPUs: from the end downwards
                    va = (start + length) // size * size - self.rng.randrange(1, 40) * size
                else:
                    va += self.rng.randrange(max((min(length, 1 << 40) - size) // size, 1)) * size
                self.fill_run(va, level, start + length)
            if self.rng.random() < 0.5 or name == "espfix":
                self.fill_shared(start, length)

    def fill_run(self, va, level, end):
        size, rng = self.arch.size(level), self.rng
        pa, write_execute = self.some_frame(size), self.permission()
        for _ in range(rng.choice([1, 2, 6, 20]) if level == 0 else 1):
            if va + size > end or va + size > MASK64:
                return
            kind = ABSENT if rng.random() < 0.05 else LEAF
            self.put(va, level, (kind, pa, *write_execute))
            va += size
            pa = pa + size if rng.random() < 0.8 else self.some_frame(size)

    def fill_shared(self, start, length):
        """One table below many entries, as espfix and the zero shadow of KASAN have it."""
        rng, size = self.rng, self.arch.size(1)
        first = -(-start // size) * size
        room = min((start + length - first) // size, 600)
        if room < 2:
            return
        below = self.allocate(0)
        self.groups += 1
        below.shared = self.groups
        pa = self.some_frame(self.page)
        for i in rng.sample(range(1 << self.arch.index_bits[0]), rng.choice([1, 3, 8])):
            below.entries[i] = (LEAF, pa, *self.permission())
            pa = rng.choice([pa, self.some_frame(self.page)])
        ro, nx = self.restriction(False)
        count = rng.choice([2, 5, 30, 514])
        for i in rng.sample(range(room), min(count, room)):
            self.put(first + i * size, 1, (TABLE, below, ro, nx))
        self.share_upper(below, start, length)

    def share_upper(self, below, start, length):
        """A table of tables that several entries share, as the zero shadow of KASAN has it."""
        rng, size = self.rng, self.arch.size(2) if self.arch.root_level > 2 else 0
        first = -(-start // size) * size if size else 0
        room = min((start + length - first) // size, 600) if size else 0
        if room < 3 or rng.random() < 0.3:
            return
        upper = self.allocate(1)
        self.groups += 1
        upper.shared = self.groups
        for i in rng.sample(range(1 << self.arch.index_bits[1]), rng.choice([1, 4])):
            upper.entries[i] = (TABLE, below, False, False)
        for i in rng.sample(range(room), min(rng.choice([2, 3, 5]), room)):
            self.put(first + i * size, 2, (TABLE, upper, False, False))

    # ---- bytes -------------------------------------------------------------------------------

    def encode(self, node):
        rng, arch = self.rng, self.arch
        data = bytearray(self.page)
        offset = arch.root_offset if node is self.root else 0
        for i, (kind, value, a, b) in node.entries.items():
            if kind == TABLE:
                e = arch.table(value.pa, node.level, a, b, rng)
            elif kind == LEAF:
                e = arch.leaf(value, node.level, a, b, rng)
            elif kind == ABSENT:
                e = arch.absent(value, node.level, rng)
            else:
                e = value
            struct.pack_into("<Q", data, offset + 8 * i, e & MASK64)
        if node is self.root:
            self.add_strangers(data, offset)
        return bytes(data)

    def add_strangers(self, data, offset):
        """Behind a root that does not fill its page, and in the half that is not the kernel's."""
        used = offset + (8 << self.arch.index_bits[-1])
        if self.rng.random() < 0.5:
            data[used:] = self.rng.randbytes(len(data) - used)
        if isinstance(self.arch, (X86, Riscv)) and self.arch.kernel_half:
            for i in self.rng.sample(range(256), 3):
                entry = self.arch.table(self.pool[0], self.root.level, False, False, self.rng)
                struct.pack_into("<Q", data, 8 * i, entry)
