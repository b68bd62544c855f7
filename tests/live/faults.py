#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds what faults --json told against what the victim says it touched.

    faults.py REPORT VICTIM-OUTPUT

Every touch must have been told, by its thread, with its mapping; besides only what a fork brings:
copies of pages that it shared, in the parent and in the child, and pages of files that a child has
to map anew.
"""

import json
import sys

CAUSES = {
    "early": "first-touch",
    "zero-read": "first-touch",
    "zero-write": "again",
    "old-thread": "first-touch",
    "later": "first-touch",
    "file": "file",
    "thread": "first-touch",
    "child-copy": "write",
}


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        report = json.load(f)
    touches = []
    with open(sys.argv[2], encoding="utf-8") as f:
        for line in f:
            entry = json.loads(line)
            if "touch" in entry:
                touches.append(entry)
    wrong = []
    faults = list(report["faults"])
    page = report["host"]["page_size"]
    forked = {p["pid"] for p in report["processes"] if p["followed"]}
    fork_began = False
    for t in touches:
        addr = int(t["touch"], 16)
        found = [
            f
            for f in faults
            if int(f["address"], 16) == addr and (f["pid"], f["tid"]) == (t["pid"], t["tid"])
        ]
        if not found:
            wrong.append(f"not told: {t}")
            continue
        f = found[0]
        faults.remove(f)
        # The mapping may have joined others beside it: it holds the victim's, and its offset fits.
        inside = int(f["vma"]["start"], 16) <= int(t["start"], 16) and int(t["end"], 16) <= int(
            f["vma"]["end"], 16
        )
        if not inside or int(f["vma"]["offset"], 16) != addr - int(f["vma"]["start"], 16):
            wrong.append(f"other mapping: {t}: {f['vma']}")
        if f["cause"] != CAUSES[t["what"]]:
            wrong.append(f"{t['what']}: cause {f['cause']}")
        if f["fault"] != "minor" or f["in_kernel"]:
            wrong.append(f"{t['what']}: {f['fault']}, in kernel: {f['in_kernel']}")
        if "victim" not in (f["code"]["object"] or ""):
            wrong.append(f"{t['what']}: code in {f['code']['object']}")
        if t["what"] == "file" and "faulter" not in f["vma"]["path"]:
            wrong.append(f"the file's path is {f['vma']['path']}")
    first_of_fork = min((f["seconds"] for f in report["faults"] if f["pid"] in forked), default=9e9)
    for f in faults:
        by_fork = f["cause"] == "write" or (f["pid"] in forked and f["cause"] in ("file", "again"))
        fork_began |= f["pid"] in forked
        if not by_fork or f["seconds"] < first_of_fork - 1:
            wrong.append(f"unexplained: {f}")
    if not touches or not forked:
        wrong.append("the victim touched nothing, or no child was followed")
    sampling = report["sampling"]
    if sampling["lost"] or sampling["sampled"] != sampling["counted"]:
        wrong.append(f"sampled {sampling['sampled']} of {sampling['counted']}")
    if sum(1 for f in report["faults"] if int(f["address"], 16) % page == 0) < len(touches):
        wrong.append("fewer page starts than touches")
    for w in wrong:
        print(w)
    sys.exit(bool(wrong))


main()
