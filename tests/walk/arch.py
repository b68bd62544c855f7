#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Page-table entries of each architecture, as the generator writes them.

Written from the manuals' layouts, apart from the C code and from reader.py: the three share nothing
but the facts. Levels count up from 0, the level of base pages.
"""

MASK64 = (1 << 64) - 1
GB = 1 << 30
MB = 1 << 20


def bits(high, low):
    return ((1 << (high + 1 - low)) - 1) << low


class Arch:
    """Geometry: page_shift, index bits per level (last: root), leaf_levels, entries of 8 bytes."""

    name = machine = ""
    elf64 = True
    elf_machine = 0
    page_shift = 12
    table_attributes = False  # whether an entry of a table may restrict what lies below it
    root_offset = 0  # of the first root entry in the page of the root
    kernel_half = True  # addresses are sign-extended

    def __init__(self, index_bits, leaf_levels):
        self.index_bits = index_bits
        self.leaf_levels = leaf_levels

    @property
    def page(self):
        return 1 << self.page_shift

    @property
    def root_level(self):
        return len(self.index_bits) - 1

    @property
    def va_bits(self):
        return self.page_shift + sum(self.index_bits)

    def shift(self, level):
        return self.page_shift + sum(self.index_bits[:level])

    def size(self, level):
        return 1 << self.shift(level)

    def index(self, va, level):
        return (va >> self.shift(level)) & ((1 << self.index_bits[level]) - 1)

    def table(self, pa, level, ro, nx, rng):
        """Entry at LEVEL that points to a table at PA."""
        raise NotImplementedError

    def leaf(self, pa, level, write, execute, rng):
        """Present entry at LEVEL that maps PA."""
        raise NotImplementedError

    def absent(self, pa, level, rng):
        """What is left of a leaf of PA when the kernel takes it out."""
        raise NotImplementedError


X86_ADDRESS = bits(51, 12)
X86_P, X86_RW, X86_US, X86_A, X86_D, X86_PSE, X86_G = 1, 2, 4, 0x20, 0x40, 0x80, 0x100
X86_PAT_LARGE = 1 << 12
X86_NX = 1 << 63


class X86(Arch):
    """x86-64 with 4 or 5 levels, and i386 with PAE."""

    elf_machine = 62
    table_attributes = True

    def __init__(self, levels, largest, sme_mask=0):
        pae = levels == 3
        index_bits = [9, 9, 2] if pae else [9] * levels
        super().__init__(index_bits, [n for n in range(min(largest, 1 if pae else 2) + 1)])
        self.pae = pae
        self.sme_mask = sme_mask
        self.name = "i386" if pae else "x86_64"
        self.machine = "i686" if pae else "x86_64"
        if pae:
            self.elf64, self.elf_machine, self.kernel_half = False, 3, False

    def software(self, rng):
        soft = rng.getrandbits(3) << 9
        return soft if self.pae else soft | rng.getrandbits(11) << 52

    def table(self, pa, level, ro, nx, rng):
        if self.pae and level == self.root_level:
            return pa | X86_P
        e = pa | X86_P | self.sme_mask | rng.choice([0, X86_A]) | self.software(rng)
        if not self.pae:
            e |= rng.choice([0, X86_US])
        return e | (0 if ro else X86_RW) | (X86_NX if nx else 0)

    def flags(self, level, rng):
        e = self.software(rng) | rng.choice([0, X86_A, X86_A | X86_D]) | rng.choice([0, X86_G])
        e |= rng.choice([0, 0, 0x10, 0x18])  # PCD, PWT
        if level:
            return e | X86_PSE
        return e | rng.choice([0, 0, X86_PSE])  # PAT there

    def leaf(self, pa, level, write, execute, rng):
        e = pa | X86_P | self.flags(level, rng) | (X86_RW if write else 0)
        if level and rng.random() < 0.2:
            e |= X86_PAT_LARGE
        if self.sme_mask and rng.random() < 0.9:
            e |= self.sme_mask
        return e | (0 if execute else X86_NX)

    def absent(self, pa, level, rng):
        e = ~pa & X86_ADDRESS & ~self.sme_mask
        if level and rng.random() < 0.5:
            e &= ~(self.size(level) - 1)
        if self.sme_mask and rng.random() < 0.9:
            e |= self.sme_mask
        e |= self.flags(level, rng) | rng.choice([0, X86_RW]) | rng.choice([0, X86_NX])
        return e | X86_D  # never zero, whatever the address


ARM64_GRANULES = {"4K": 12, "16K": 14, "64K": 16}


class Arm64(Arch):
    """VA_BITS is the run-time size of the address space; BUILD_BITS the configured one."""

    elf_machine = 183
    machine = "aarch64"
    table_attributes = True

    def __init__(self, granule, va_bits, build_bits, largest):
        self.page_shift = ARM64_GRANULES[granule]
        per_table = self.page_shift - 3
        rest = va_bits - self.page_shift
        index_bits = [per_table] * ((rest - 1) // per_table)
        index_bits.append(rest - per_table * len(index_bits))
        super().__init__(index_bits, list(range(min(largest, 2 if granule == "4K" else 1) + 1)))
        self.name = f"arm64-{granule}"
        self.build_bits = build_bits
        self.lpa2 = va_bits == 52 and granule != "64K"
        if granule == "64K" and build_bits == 52 and va_bits == 48:
            self.root_offset = ((1 << (52 - 42)) - (1 << (48 - 42))) * 8

    def address(self, pa):
        if self.page_shift == 16:
            return pa & bits(47, 16) | (pa >> 48 & 0xF) << 12
        if self.lpa2:
            return pa & bits(49, self.page_shift) | (pa >> 50 & 3) << 8
        return pa & bits(47, self.page_shift)

    def table(self, pa, level, ro, nx, rng):
        e = self.address(pa) | 3 | rng.getrandbits(8) << 51 | rng.getrandbits(6) << 2
        e |= rng.getrandbits(2) << 10
        if not self.lpa2:
            e |= rng.getrandbits(2) << 8
        e |= rng.choice([0, 1 << 60]) | rng.choice([0, 0, 1 << 61])
        return e | (1 << 62 if ro else 0) | (1 << 59 if nx else 0)

    def leaf(self, pa, level, write, execute, rng):
        e = self.address(pa) | (1 if level else 3) | rng.getrandbits(3) << 2
        e |= 1 << 10 | rng.choice([0, 1 << 11]) | rng.choice([0, 1 << 52]) | 1 << 54
        e |= rng.getrandbits(4) << 55 | rng.choice([0, rng.getrandbits(4) << 59])
        if not self.lpa2:
            e |= rng.choice([0, 2, 3]) << 8
        if write:
            e |= rng.choice([0, 1 << 51])
        else:
            e |= 1 << 7
        return e | (0 if execute else 1 << 53)

    def absent(self, pa, level, rng):
        return self.leaf(pa, level, rng.random() < 0.8, False, rng) & ~1


class Riscv(Arch):
    """Sv39, Sv48, Sv57."""

    name = "riscv64"
    machine = "riscv64"
    elf_machine = 243

    def __init__(self, va_bits, largest):
        super().__init__([9] * ((va_bits - 12) // 9), list(range(min(largest, 2) + 1)))

    def table(self, pa, level, ro, nx, rng):
        return (pa >> 12) << 10 | 1 | rng.getrandbits(2) << 8

    def leaf(self, pa, level, write, execute, rng):
        e = (pa >> 12) << 10 | 3 | (4 if write else 0) | (8 if execute else 0)
        e |= rng.choice([0, 0x20]) | rng.choice([0x40, 0xC0]) | rng.getrandbits(2) << 8
        return e | rng.choice([0, 0, 1, 2]) << 61

    def absent(self, pa, level, rng):
        return self.leaf(pa, level, rng.random() < 0.8, False, rng) & ~1
