#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plants a fault in a copy of a recording, for the tool to find.

    plant.py hole RECORDING PFN       the linear map (x86-64) loses the entry that maps the frame
    plant.py alias RECORDING PFN      no entry names the frame any more, but one of another frame
    plant.py slab RECORDING PFN       the frame is slab from now on
    plant.py unlock RECORDING START   the VMA that begins there has no lock flag any more
"""
import json
import os
import re
import struct
import sys

PRESENT, LARGE, SLAB = 1, 1 << 7, 1 << 7
ADDRESS = 0x000ffffffffff000


def operations(recording):
    with open(os.path.join(recording, "recording.json"), encoding="utf-8") as f:
        for line in f:
            if line.startswith('{"op":"open"') and '"file"' in line:
                yield json.loads(line.rstrip().rstrip(","))


def change(recording, path, edit):
    """edit(op, data) -> how many places of a member it changed, of every reading of a file."""
    changed = 0
    for op in operations(recording):
        if not re.fullmatch(path, op["path"]):
            continue
        name = os.path.join(recording, op["file"])
        with open(name, "rb") as f:
            data = bytearray(f.read())
        n = edit(op, data)
        if n:
            with open(name, "wb") as f:
                f.write(data)
        changed += n
    if not changed:
        sys.exit(f"plant.py: nothing to change in {path}")


def is_leaf(word, pfn, large):
    if not word & PRESENT or bool(word & LARGE) != large:
        return False
    mask = ADDRESS & ~0x1fffff if large else ADDRESS
    return word & mask == (pfn << 12) & mask


def word(data, at):
    return struct.unpack_from("<Q", data, at)[0]


def words(op):
    """Where in the member the words of tables stand: behind the headers, extent by extent."""
    at = 0
    for start, length in op["extents"]:
        if start:
            yield from range(at, at + length - 7, 8)
        at += length


def edit_entries(pfn, replace):
    """Entries for the frame, of 4 KiB where there are such ones, else the one of 2 MiB."""
    def edit(op, data):
        for large in (False, True):
            found = [at for at in words(op) if is_leaf(word(data, at), pfn, large)]
            for at in found:
                struct.pack_into("<Q", data, at, replace(word(data, at)))
            if found:
                return len(found)
        return 0
    return edit


def absent(word):
    """As the kernel leaves it: not present, the address inverted (pgtable-invert.h)."""
    return (word & ~PRESENT) ^ ADDRESS


def elsewhere(word):
    return word ^ 1 << 30


def edit_flags(pfn):
    def edit(op, data):
        at, n = 0, 0
        for start, length in op["extents"]:
            start = int(start, 16) if isinstance(start, str) else start
            if start <= pfn * 8 < start + length:
                struct.pack_into("<Q", data, at + pfn * 8 - start, SLAB)
                n += 1
            at += length
        return n
    return edit


def edit_lock(start):
    def edit(_op, data):
        text = data.decode("latin-1")
        pattern = rf"(?ms)(^{start:x}-.*?^VmFlags:[^\n]*?) lo "
        changed = re.sub(pattern, r"\1    ", text, count=1)
        data[:] = changed.encode("latin-1")
        return int(changed != text)
    return edit


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    what, recording, number = sys.argv[1], sys.argv[2], int(sys.argv[3], 0)
    if what == "hole":
        change(recording, "/proc/kcore", edit_entries(number, absent))
    elif what == "alias":
        change(recording, "/proc/kcore", edit_entries(number, elsewhere))
    elif what == "slab":
        change(recording, "/proc/kpageflags", edit_flags(number))
    elif what == "unlock":
        change(recording, r"/proc/\d+/smaps", edit_lock(number))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
