#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Resolves single addresses by the bytes of a generated /proc/kcore: the generator's self-check.

It starts from the recording alone (ELF header, notes, tables), decodes bit by bit as the manuals
number them, and knows nothing of arch.py and machine.py. What it says of an address is compared
with truth.json.
"""
import json
import os
import struct


class Unreadable(Exception):
    """Something that the answer needs is not in the recording."""


def field(entry, high, low):
    return entry // (1 << low) % (1 << (high - low + 1))


def bit(entry, n):
    return entry // (1 << n) % 2


class Kcore:
    """The file /proc/kcore of a recording, opened with one tag."""

    def __init__(self, directory, tag):
        self.chunks = []
        with open(os.path.join(directory, "recording.json"), encoding="utf-8") as f:
            ops = json.load(f)["ops"]
        for op in ops:
            if op and op["path"] == "/proc/kcore" and op["tag"] == tag:
                break
        else:
            raise Unreadable("no entry of /proc/kcore")
        with open(os.path.join(directory, op["file"]), "rb") as f:
            for offset, length in op["extents"]:
                self.chunks.append((int(str(offset), 0), f.read(length)))
        self.read_headers()

    def pread(self, length, offset):
        for start, data in self.chunks:
            if start <= offset and offset + length <= start + len(data):
                return data[offset - start : offset - start + length]
        raise Unreadable(f"offset {offset:#x}")

    def read_headers(self):
        self.wide = self.pread(5, 0)[4] == 2
        at = {"phoff": 32, "phnum": 56, "step": 56} if self.wide else \
            {"phoff": 28, "phnum": 44, "step": 32}
        phoff = struct.unpack("<Q" if self.wide else "<I",
                              self.pread(8 if self.wide else 4, at["phoff"]))[0]
        phnum = struct.unpack("<H", self.pread(2, at["phnum"]))[0]
        self.loads = []
        for i in range(phnum):
            header = self.pread(at["step"], phoff + at["step"] * i)
            if self.wide:
                kind, _, off, va, pa, size, _, _ = struct.unpack("<IIQQQQQQ", header)
            else:
                kind, off, va, pa, size, _, _, _ = struct.unpack("<IIIIIIII", header)
            if kind == 4:
                self.read_notes(off, size)
            elif kind == 1 and pa != (1 << (64 if self.wide else 32)) - 1:
                self.loads.append((va, pa, size, off))
        self.loads.sort()
        self.delta = (self.loads[0][0] - self.loads[0][1]) % (1 << 64)
        self.ram = [x for x in self.loads if (x[0] - x[1]) % (1 << 64) == self.delta]

    def read_notes(self, offset, size):
        data, at = self.pread(size, offset), 0
        while at < size:
            namesz, descsz, _ = struct.unpack_from("<III", data, at)
            name = data[at + 12 : at + 12 + namesz].rstrip(b"\0")
            at += 12 + -(-namesz // 4) * 4
            if name == b"VMCOREINFO":
                text = data[at : at + descsz].decode()
                self.info = dict(x.split("=", 1) for x in text.splitlines() if "=" in x)
            at += -(-descsz // 4) * 4

    def word(self, pa):
        for _, start, size, offset in self.ram:
            if start <= pa and pa + 8 <= start + size:
                return struct.unpack("<Q", self.pread(8, offset + pa - start))[0]
        raise Unreadable(f"no program header covers {pa:#x}")


class Walker:
    """resolve(va) gives (state, address, write, execute, leaf bytes) of one address."""

    def __init__(self, kcore, machine):
        self.k = kcore
        info = kcore.info
        self.page = int(info["PAGESIZE"])
        swapper = int(info["SYMBOL(swapper_pg_dir)"], 16)
        self.decode = getattr(self, "decode_" + {
            "x86_64": "x86", "i686": "x86", "aarch64": "arm64", "riscv64": "riscv"}[machine])
        if machine == "x86_64":
            five = int(info["NUMBER(pgtable_l5_enabled)"])
            self.shifts = ([48] if five else []) + [39, 30, 21, 12]
            self.root = swapper - 0xFFFFFFFF80000000 + int(info["NUMBER(phys_base)"])
            self.va_bits = 57 if five else 48
        elif machine == "i686":
            self.shifts, self.root, self.va_bits = [30, 21, 12], swapper - kcore.delta, 32
        elif machine == "riscv64":
            self.va_bits = int(info["NUMBER(VA_BITS)"])
            self.shifts = [s for s in (48, 39, 30, 21, 12) if s < self.va_bits]
            self.root = (swapper - int(info["NUMBER(va_kernel_pa_offset)"], 16)) % (1 << 64)
        else:
            self.start_arm64(info, swapper)
        self.sme = int(info.get("NUMBER(sme_mask)", "0"))

    def start_arm64(self, info, swapper):
        self.va_bits = 64 - int(info["NUMBER(TCR_EL1_T1SZ)"], 16)
        shift = self.page.bit_length() - 1
        self.shifts = [s for s in range(shift, self.va_bits, shift - 3)][::-1]
        self.root = (swapper - int(info["NUMBER(kimage_voffset)"], 16)) % (1 << 64)
        if shift == 16 and int(info["NUMBER(VA_BITS)"]) == 52 and self.va_bits == 48:
            self.root += 0x1E00

    def resolve(self, va):
        table, write, execute = self.root, True, True
        top = self.va_bits
        for shift in self.shifts:
            entry = self.k.word(table + va % (1 << top) // (1 << shift) * 8)
            if entry == 0:
                return "none", None, False, False, 1 << shift
            kind, address, w, x = self.decode(entry, shift)
            write, execute = write and w, execute and x
            if kind != "table":
                address = address // (1 << shift) * (1 << shift) + va % (1 << shift)
                return kind, address, write, execute, 1 << shift
            table, top = address, shift
        return "invalid", None, False, False, 0

    def decode_x86(self, e, shift):
        address = field(e, 51, 12) * 4096
        if not bit(e, 0):
            return "absent", (2**52 - 4096 - address) & ~self.sme, False, False
        address &= ~self.sme
        if self.va_bits == 32 and shift == 30:
            return "table", address, True, True
        leaf = shift == 12 or (shift in (21, 30) and bit(e, 7))
        return "mapped" if leaf else "table", address, bool(bit(e, 1)), not bit(e, 63)

    def decode_arm64(self, e, shift):
        granule = self.page.bit_length() - 1
        if granule == 16:
            address = field(e, 47, 16) * 2**16 + field(e, 15, 12) * 2**48
        elif self.va_bits == 52:
            address = field(e, 49, granule) * 2**granule + field(e, 9, 8) * 2**50
        else:
            address = field(e, 47, granule) * 2**granule
        if not bit(e, 0):
            return "absent", address, False, False
        if shift != granule and bit(e, 1):
            return "table", address, not bit(e, 62), not bit(e, 59)
        if shift == granule and not bit(e, 1):
            return "invalid", address, False, False
        return "mapped", address, not bit(e, 7), not bit(e, 53)

    def decode_riscv(self, e, _):
        address = field(e, 53, 10) * 4096
        if not bit(e, 0):
            return "absent", address, False, False
        if not field(e, 3, 1):
            return "table", address, True, True
        return "mapped", address, bool(bit(e, 2)), bool(bit(e, 3))
