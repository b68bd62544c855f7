#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks a report of share, made with --each, against a victim and an independent count.

    share.py REPORT PID OTHER [VICTIM]
    share.py --recorded REPORT PID OTHER VICTIM

Both processes' /proc/PID/{maps,pagemap} are read anew: pages that lie in one frame, and what the
permissions of the two VMAs make of it, against the rows of the report for this pair; not of a
recording, whose processes are not there. VICTIM: lines
of truth (victim share), each page of whose regions must be shared or not as they say. Prints what
differs; exit status 0 or 1. Needs root.
"""
import json
import os
import sys

from reader import FILE, PAGE, PFN_MASK, PRESENT, Pagemap, parse_maps, read_file

ZERO = 1 << 24


def pages_of(pid):
    """Address: (entry, VMA), of present pages that are no memory of the kernel's own."""
    pagemap, result = Pagemap(pid), {}
    for vma in parse_maps(read_file(f"/proc/{pid}/maps")):
        if vma["path"] in ("[vdso]", "[vsyscall]") or vma["path"].startswith("[vvar"):
            continue
        found = {}
        pagemap.read_vma(vma, found)
        for vaddr, entry in found.items():
            if entry & PRESENT and entry & PFN_MASK:
                result[vaddr] = (entry, vma)
    return result


class Flags:
    def __init__(self):
        self.fd = os.open("/proc/kpageflags", os.O_RDONLY)

    def of(self, pfn):
        return int.from_bytes(os.pread(self.fd, 8, pfn * 8), sys.byteorder)


def may_write(vma):
    return vma["perms"][1] == "w" and vma["perms"][3] == "s"


def kind_of(entry, own, other):
    if may_write(other):
        return "writable"
    if may_write(own):
        return "outgoing"
    if not entry & FILE or "w" in own["perms"][1] + other["perms"][1]:
        return "cow"
    return "read-only"


def count(pid, other):
    """(vaddr, other vaddr): (kind, pfn, VMA there), by reading both."""
    mine, theirs, by_pfn, flags = pages_of(pid), pages_of(other), {}, Flags()
    for vaddr, (entry, vma) in theirs.items():
        by_pfn.setdefault(entry & PFN_MASK, []).append((vaddr, vma))
    result = {}
    for vaddr, (entry, vma) in mine.items():
        pfn = entry & PFN_MASK
        if pfn not in by_pfn or flags.of(pfn) & ZERO:
            continue
        for there, there_vma in by_pfn[pfn]:
            result[(vaddr, there)] = (kind_of(entry, vma, there_vma), vma["start"],
                                      there_vma["start"])
    return result


def from_report(process, other):
    result = {}
    for row in process["pairs"]:
        if row["other"]["pid"] != other:
            continue
        kind = "cow" if row["kind"] == "ksm" else row["kind"]
        for i in range(row["pages"]):
            key = int(row["vaddr"], 16) + i * PAGE, int(row["other"]["vaddr"], 16) + i * PAGE
            if key in result:
                print(f"two rows for {key[0]:#x} and {key[1]:#x}")
                sys.exit(1)
            result[key] = (kind, int(row["vma"], 16), int(row["other"]["vma"], 16))
    return result


def check_count(said, counted):
    lines = []
    for key in sorted(said.keys() | counted.keys()):
        if said.get(key) != counted.get(key):
            lines.append(f"{key[0]:#x} {key[1]:#x}: reported {said.get(key)}, "
                         f"counted {counted.get(key)}")
    return lines


def check_victim(said, path):
    lines, checked = [], 0
    for text in open(path, encoding="utf-8"):
        region = json.loads(text)
        if "shared" not in region:
            continue
        start, end = int(region["start"], 16), int(region["end"], 16)
        mine = {(vaddr - start) // PAGE: row[0] for (vaddr, _), row in said.items()
                if start <= vaddr < end}
        made = {page: region["kind"] for page in region["shared"]}
        checked += 1
        for page in sorted(mine.keys() | made.keys()):
            if mine.get(page) != made.get(page):
                lines.append(f"{region['name']} page {page}: reported {mine.get(page)}, made "
                             f"{made.get(page)}")
    print(f"{checked} regions")
    return lines if checked else ["no region to check"]


def main():
    words = [w for w in sys.argv[1:] if w != "--recorded"]
    with open(words[0], encoding="utf-8") as f:
        report = json.load(f)
    pid, other, lines = int(words[1]), int(words[2]), []
    process = [p for p in report["processes"] if p["pid"] == pid][0]
    said = from_report(process, other)
    print(f"{len(said)} pages in common reported")
    if "--recorded" not in sys.argv:
        counted = count(pid, other)
        print(f"{len(counted)} counted")
        lines += check_count(said, counted)
    if len(words) > 3:
        lines += check_victim(said, words[3])
    print("\n".join(lines[:40]))
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
