#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a recording of a machine that never was, whose kernel page tables are drawn at random.

	generate.py SEED DIR [--arch ...]      DIR: made, or empty; truth.json lies in it afterwards
	generate.py --list-broken              the values of --broken, one a line

What the options leave open is drawn by SEED: the same seed and options give the same bytes. After
writing, single addresses are resolved by reader.py from the recording and compared with the truth.
"""
import argparse
import json
import os
import random
import sys

import broken
import layout
import recording
from kcore import Kcore
from machine import Machine
from reader import Kcore as Reading
from reader import Unreadable, Walker
from truth import Truth

SAMPLES = 3000  # addresses that the self-check resolves


def options(arguments):
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("seed", nargs="?")
    p.add_argument("directory", nargs="?")
    p.add_argument("--arch", choices=["x86_64", "i386", "arm64", "riscv64"])
    p.add_argument("--levels", type=int, choices=[3, 4, 5], help="x86_64 4, 5; riscv64 3, 4, 5")
    p.add_argument("--granule", choices=["4K", "16K", "64K"], help="arm64")
    p.add_argument("--va-bits", type=int, help="arm64: of the running kernel")
    p.add_argument("--build-bits", type=int, help="arm64: CONFIG_ARM64_VA_BITS")
    p.add_argument("--leaf", choices=["page", "block", "huge"], help="largest leaf")
    p.add_argument("--sme", type=int, help="x86_64: bit that marks encrypted memory, 0: none")
    p.add_argument("--small-offsets", action="store_true",
                   help="tables below 2^53 in /proc/kcore, which a double can count")
    p.add_argument("--broken", choices=broken.KINDS)
    p.add_argument("--list-broken", action="store_true")
    p.add_argument("--tags", default="kernel,kernel-header",
                   help="tags with which the tool opens /proc/kcore; '' is one")
    p.add_argument("--files", help="JSON: [[path, [tag, ...], text or errno], ...]")
    opt = p.parse_args(arguments)
    if not opt.list_broken and not opt.directory:
        p.error("SEED and DIR are needed")
    if opt.arch == "x86_64" and opt.levels == 3:
        p.error("x86_64 has 4 or 5 levels")
    if opt.broken in broken.TABLES and opt.leaf is None:
        opt.leaf = "block"  # so that there are tables and room beside them
    return opt


def draw(opt, rng):
    while True:
        machine = Machine(layout.draw(rng, opt), rng)
        try:
            broken.TABLES.get(opt.broken, lambda _: None)(machine)
            return machine
        except broken.NoPlace:
            continue


def make(opt, rng):
    """(machine, extents, ends, usable)."""
    machine = draw(opt, rng)
    keys = dict(machine.layout.keys)
    if opt.broken in broken.KEYS:
        broken.KEYS[opt.broken](keys, machine.arch.machine, rng)
    kcore = Kcore(machine, keys, rng, broken.NOTES.get(opt.broken, "VMCOREINFO"))
    extents, ends = kcore.extents(), []
    if opt.broken in broken.HEADERS:
        extents = broken.HEADERS[opt.broken](kcore, extents)
        ends = [[len(extents[0][1]), 0]] if len(extents) == 1 else []
    return machine, extents, ends, opt.broken not in broken.FILES


# ---- self-check ------------------------------------------------------------------------------------


def expected(rows, pfn):
    """The row of a frame, by bisection; None: no row."""
    lo, hi = 0, len(rows)
    while lo < hi:
        mid = (lo + hi) // 2
        if rows[mid]["pfn"] + rows[mid]["frames"] <= pfn:
            lo = mid + 1
        else:
            hi = mid
    return rows[lo] if lo < len(rows) and rows[lo]["pfn"] <= pfn else None


def says(walker, delta, pa):
    """What the linear address of pa resolves to: (state, write, execute, leaf bytes)."""
    try:
        kind, address, write, execute, size = walker.resolve(pa + delta)
    except Unreadable:
        return ("unknown",)
    if kind in ("none", "invalid"):
        return ("none",)
    if address != pa:
        return ("unknown",)
    return ("mapped", write, execute, size) if kind == "mapped" else ("absent", size)


def meant(row, in_ram):
    if row is None:
        return ("none",)
    if row["state"] == "mapped":
        return ("mapped", row["perm"] == "rw", row["exec"], row["leaf_bytes"])
    if row["state"] == "absent":
        return ("absent", row["leaf_bytes"])
    return ("unknown",) if in_ram else ("none",)


def check(directory, tag, truth, machine, rng):
    """Findings: addresses of which the bytes say another thing than the truth."""
    walker = Walker(Reading(directory, tag), truth["machine"])
    rows, page, delta = truth["linear"], machine.page, machine.layout.delta
    found = []
    if int(truth["root"], 16) != walker.root:
        found.append(f"root {walker.root:#x}, not {truth['root']}")
    edges = [r["pfn"] + d for r in rng.sample(rows, min(len(rows), SAMPLES // 4)) for d in (0, -1)]
    drawn = [rng.randrange(machine.ram.lo // page, machine.ram.hi // page)
             for _ in range(SAMPLES // 2)]
    for pfn in edges + drawn:
        if pfn < 0:
            continue
        in_ram = machine.in_ram(pfn * page, (pfn + 1) * page)
        want = meant(expected(rows, pfn), in_ram)
        got = says(walker, delta, pfn * page)
        if got == ("none",) and in_ram:
            got = ("unknown",)
        if got != want:
            found.append(f"frame {pfn:#x}: {got}, not {want}")
    for r in rng.sample(truth["other"], min(len(truth["other"]), SAMPLES // 2)):
        at = rng.randrange(r["frames"]) * page
        want = ("mapped", r["pfn"] * page + at, r["perm"] == "rw", r["exec"], r["leaf_bytes"])
        got = walker.resolve(int(r["vaddr"], 16) + at)
        if got != want:
            found.append(f"address {r['vaddr']}: {got}, not {want}")
    return found


def main(arguments):
    opt = options(arguments)
    if opt.list_broken:
        print("\n".join(broken.KINDS))
        return 0
    rng = random.Random(f"{opt.seed}")
    machine, extents, ends, usable = make(opt, rng)
    more = []
    if opt.files:
        with open(opt.files, encoding="utf-8") as f:
            more = json.load(f)
    tags = opt.tags.split(",")
    recording.write(opt.directory, machine, extents, ends, tags, more)
    truth = Truth(machine, usable).document(
        seed=opt.seed, broken=opt.broken, anything=opt.broken == "noise")
    with open(os.path.join(opt.directory, "truth.json"), "w", encoding="utf-8") as f:
        json.dump(truth, f, indent=None, separators=(",", ":"))
    if not usable:
        return 0
    found = check(opt.directory, tags[0], truth, machine, rng)
    for line in found[:20]:
        print(f"generate.py: self-check: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
