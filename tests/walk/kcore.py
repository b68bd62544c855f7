#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""/proc/kcore of a made-up machine, as fs/proc/kcore.c lays it out.

ELF header, program headers (the notes' first), notes, then at each PT_LOAD's own offset the memory.
Only what a walk reads is there: the headers, and the tables.
"""
import struct

from arch import MASK64

PT_LOAD, PT_NOTE = 1, 4


def note(name, kind, data):
    raw = name.encode() + b"\0"
    return (struct.pack("<III", len(raw), len(data), kind) + raw.ljust(-(-len(raw) // 4) * 4, b"\0")
            + data.ljust(-(-len(data) // 4) * 4, b"\0"))


class Kcore:
    """headers: the first bytes; extents(): everything that can be read."""

    def __init__(self, machine, keys, rng, wrap_note="VMCOREINFO"):
        self.m, self.layout, self.arch, self.rng = machine, machine.layout, machine.arch, rng
        self.wide = self.arch.elf64
        self.loads = self.list_loads()
        notes = self.notes(keys, wrap_note)
        header, step = (64, 56) if self.wide else (52, 32)
        self.notes_at = header + step * (1 + len(self.loads))
        self.size = self.notes_at + len(notes)
        self.data_at = -(-self.size // machine.page) * machine.page
        self.headers = self.ehdr() + self.phdrs(len(notes)) + notes

    def list_loads(self):
        """(va, pa or None, size): the image first, then the areas among the pieces of RAM."""
        m, layout = self.m, self.layout
        first, last = [], []
        if layout.has_image:
            first.append((layout.image_va, m.image[0], m.IMAGE_BYTES))
        for start, size, listed in layout.areas.values():
            if listed:
                last.append((start, None, size))
        for lo, hi in m.ram:
            last.append(((lo + layout.delta) & MASK64, lo, hi - lo))
        self.rng.shuffle(last)
        return first + last

    def offset(self, va):
        mask = MASK64 if self.wide else 0xFFFFFFFF
        return (self.layout.offset(va) + self.data_at) & mask

    def ehdr(self):
        ident = b"\x7fELF" + bytes([2 if self.wide else 1, 1, 1]) + bytes(9)
        count = 1 + len(self.loads)
        if self.wide:
            return ident + struct.pack("<HHIQQQIHHHHHH", 4, self.arch.elf_machine, 1, 0, 64, 0, 0,
                                       64, 56, count, 0, 0, 0)
        return ident + struct.pack("<HHIIIIIHHHHHH", 4, self.arch.elf_machine, 1, 0, 52, 0, 0,
                                   52, 32, count, 0, 0, 0)

    def phdr(self, kind, flags, offset, va, pa, filesz, memsz, align):
        if self.wide:
            return struct.pack("<IIQQQQQQ", kind, flags, offset, va, pa, filesz, memsz, align)
        return struct.pack("<IIIIIIII", kind, offset, va, pa, filesz, memsz, flags, align)

    def phdrs(self, notes_size):
        nowhere = MASK64 if self.wide else 0xFFFFFFFF
        out = self.phdr(PT_NOTE, 0, self.notes_at, 0, 0, notes_size, 0, 0)
        for va, pa, size in self.loads:
            out += self.phdr(PT_LOAD, 7, self.offset(va), va, nowhere if pa is None else pa, size,
                             size, self.m.page)
        return out

    def notes(self, keys, name):
        lines = ["OSRELEASE=6.12.0-made-up", "BUILD-ID=00", f"PAGESIZE={self.m.page}",
                 "SYMBOL(init_uts_ns)=ffffffff82909600",
                 # names that only end like one that is looked for
                 "OFFSET(x.NUMBER(VA_BITS))=1", "LENGTH(SYMBOL(swapper_pg_dir))=2"]
        if self.layout.has_image:
            lines.append(f"SYMBOL(_stext)={self.layout.image_va:x}")
        lines += [f"{k}={v}" for k, v in keys.items()]
        lines.append("CRASHTIME=0")
        text = ("\n".join(lines) + "\n").encode()
        return (note("CORE", 1, bytes(336)) + note("CORE", 3, bytes(136))
                + note("CORE", 4, self.rng.randbytes(1000)) + note(name, 0, text))

    def extents(self):
        """(offset, bytes), headers first; neighbouring tables are one."""
        out = [[0, self.headers.ljust(self.data_at, b"\0")]]
        for node in sorted(self.m.nodes, key=lambda n: n.pa):
            data = self.m.encode(node)
            if node.cut:
                data = data[: len(data) // 2]
            at = self.offset((node.pa + self.layout.delta) & MASK64)
            if len(out) > 1 and out[-1][0] + len(out[-1][1]) == at:
                out[-1][1] += data
            else:
                out.append([at, data])
        return out
