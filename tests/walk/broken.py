#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways in which a /proc/kcore or its tables can be wrong. Truth then says what must be unknown.

In TABLES a part of the linear map is lost, in FILES all of it.
"""
import struct

from machine import LEAF, RAW, TABLE


class NoPlace(Exception):
    """The machine that was drawn has nothing that can be broken in this way: draw another."""


# ---- tables: the intents are changed before bytes are made of them --------------------------------


def candidates(machine, level, wanted):
    """(node, index) of entries of the linear map over RAM alone, away from tables and root."""
    found, delta, arch = [], machine.layout.delta, machine.arch

    def visit(node, base):
        for i in sorted(node.entries):
            va = base + i * arch.size(node.level)
            if node is machine.root and arch.kernel_half:
                va += (1 << 64) - (1 << arch.va_bits)
            kind, below = node.entries[i][:2]
            if node.level == level and kind in wanted and usable(va - delta):
                found.append((node, i))
            elif kind == TABLE and node.level > level:
                visit(below, va)

    def usable(pa):
        end = pa + arch.size(level)
        (lo, hi), root = machine.pool, machine.root.pa
        return (machine.in_ram(pa, end) and (end <= lo or hi <= pa)
                and not pa <= root < end)

    visit(machine.root, 0)
    return found


def pick(machine, level, wanted):
    found = [c for c in candidates(machine, level, wanted) if c[1]]
    if not found:
        raise NoPlace
    return machine.rng.choice(found)


def table_entry(machine, node, pa):
    return (RAW, machine.arch.table(pa, node.level, False, False, machine.rng), None, None)


def cyclic(machine):
    node, i = pick(machine, 1, (LEAF, TABLE))
    target = machine.rng.choice([node, machine.root])
    node.entries[i] = table_entry(machine, node, target.pa)


def outside(machine):
    node, i = pick(machine, 1, (LEAF, TABLE))
    node.entries[i] = table_entry(machine, node, (machine.ram.hi // machine.page + 99)
                                  * machine.page)


def cut_table(machine):
    node, i = pick(machine, 1, (LEAF, TABLE))
    kind, value, write, execute = node.entries[i]
    if kind == LEAF:  # split it
        below = machine.allocate(0)
        for k in range(1 << machine.arch.index_bits[0]):
            below.entries[k] = (LEAF, value + k * machine.page, write, execute)
        node.entries[i] = (TABLE, below, False, False)
    node.entries[i][1].cut = True


def zero_table(machine):
    """What /proc/kcore gives for memory that it does not want to read."""
    node, i = pick(machine, 1, (TABLE,))
    node.entries[i][1].entries.clear()


def reserved(machine):
    """Entries that no kernel writes."""
    node, i = pick(machine, 0, (LEAF,))
    name, (_, pa, write, execute) = machine.arch.machine, node.entries[i]
    e = machine.arch.leaf(pa, 0, write, execute, machine.rng)
    if name == "aarch64":
        e &= ~2  # a block where there are pages only
    elif name == "riscv64":
        e &= ~0xE  # a table below the last level
    else:  # no reserved form there that is not ignored: another frame
        e ^= 0x100000
    node.entries[i] = (RAW, e, None, None)


TABLES = {"cyclic": cyclic, "outside": outside, "cut-table": cut_table,
          "zero-table": zero_table, "reserved": reserved}

# ---- the file: keys of the note, or the bytes of the headers ---------------------------------------

GEOMETRY = {"x86_64": "NUMBER(pgtable_l5_enabled)", "aarch64": "NUMBER(TCR_EL1_T1SZ)",
            "riscv64": "NUMBER(VA_BITS)"}
OFFSETS = {"x86_64": "NUMBER(phys_base)", "aarch64": "NUMBER(kimage_voffset)",
           "riscv64": "NUMBER(va_kernel_pa_offset)"}


def missing_keys(keys, machine, rng):
    keys.pop("SYMBOL(init_top_pgt)", None)
    geometry = GEOMETRY.get(machine)
    if geometry and rng.random() < 0.5:
        del keys[geometry]
    else:
        del keys["SYMBOL(swapper_pg_dir)"]


def bad_number(keys, machine, rng):
    name = rng.choice([k for k in ("SYMBOL(swapper_pg_dir)", GEOMETRY.get(machine)) if k])
    keys.pop("SYMBOL(init_top_pgt)", None)
    keys[name] = rng.choice(["", "zz", keys[name] + "x", "--1", "0x", "1" * 40])


def root_disagrees(keys, machine, rng):
    name = OFFSETS.get(machine)
    if not name:
        raise SystemExit("generate.py: this machine names its root in one way only")
    was = int(keys[name], 0)
    now = was + rng.choice([-1, 1, 16]) * 0x200000
    keys[name] = str(now) if machine == "x86_64" else hex(now % (1 << 64))


KEYS = {"missing-keys": missing_keys, "bad-number": bad_number, "root-disagrees": root_disagrees}


def patch(kcore, wide_at, narrow_at, form, value):
    at = wide_at if kcore.wide else narrow_at
    data = bytearray(kcore.headers)
    struct.pack_into(form, data, at, value)
    return bytes(data)


def elf_truncated(kcore, _extents):
    return [[0, kcore.headers[:20]]]


def phnum(kcore, _extents):
    return [[0, patch(kcore, 56, 44, "<H", 0xFFFF)]]


def phoff(kcore, extents):
    form = "<Q" if kcore.wide else "<I"
    return [[0, patch(kcore, 32, 28, form, 0x7FFFF000)]] + extents[1:]


def header_changed(kcore, extents):
    """After the walk the headers are other ones: one more PT_LOAD's worth of pages."""
    step, first = (56, 64) if kcore.wide else (32, 52)
    at = first + step + (8 if kcore.wide else 4)  # p_offset of the first PT_LOAD
    data = bytearray(kcore.headers)
    form = "<Q" if kcore.wide else "<I"
    struct.pack_into(form, data, at, (struct.unpack_from(form, data, at)[0] + 4096)
                     % (1 << (64 if kcore.wide else 32)))
    return extents + [[0, bytes(data)]]


def elf_magic(kcore, extents):
    at = kcore.rng.choice([0, 1, 2, 3, 4, 5])
    data = bytearray(extents[0][1])
    data[at] ^= 0x7C
    return [[0, bytes(data)]] + extents[1:]


def note_sizes(kcore, extents):
    """A note that says it is longer than all of them."""
    data = bytearray(extents[0][1])
    where = kcore.notes_at + kcore.rng.choice([0, 4])
    struct.pack_into("<I", data, where, kcore.rng.choice([0xFFFFFFFF, 0xFFFFFFFD, 0x7FFFFFFF]))
    return [[0, bytes(data)]] + extents[1:]


def noise(kcore, extents):
    """Bits flipped anywhere: what comes out may be anything but a crash."""
    out = []
    for at, data in extents:
        data = bytearray(data)
        for _ in range(kcore.rng.choice([0, 1, 1, 8])):
            room = kcore.size if at == 0 else len(data)
            data[kcore.rng.randrange(room)] ^= 1 << kcore.rng.randrange(8)
        out.append([at, bytes(data)])
    return out


HEADERS = {"elf-magic": elf_magic, "note-sizes": note_sizes, "noise": noise,
           "elf-truncated": elf_truncated, "phnum": phnum, "phoff": phoff,
           "header-changed": header_changed}
NOTES = {"no-vmcoreinfo": "VMCOREINFX"}

FILES = [*KEYS, *HEADERS, *NOTES]
KINDS = [*TABLES, *FILES]
