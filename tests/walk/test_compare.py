#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether compare.py sees what it should: truth told as a tool would, then spoilt. Prints TAP.

	test_compare.py DIR...        recordings made by generate.py
"""
import copy
import json
import os
import random
import sys

from compare import Comparison


def row(start, size, pfn, page, zone, state, r):
    return {"start": hex(start), "end": hex((start + size) % (1 << 64)), "frames": size // page,
            "pfn": None if pfn is None else hex(pfn), "zone": zone, "state": state,
            "perm": r.get("perm"), "exec": r.get("exec"), "leaf_bytes": r.get("leaf_bytes")}


def tool_of(truth):
    """The document of a tool that knows the truth."""
    page, delta, rows = truth["page_size"], int(truth["delta"], 16), []
    for r in truth["linear"]:
        pfn = r["pfn"] if r["state"] == "mapped" else None
        rows.append(row(delta + r["pfn"] * page, r["frames"] * page, pfn, page, "linear",
                        r["state"], r))
    for r in truth["other"]:
        rows.append(row(int(r["vaddr"], 16), r["frames"] * page, r["pfn"], page, "vmalloc",
                        "mapped", r))
    return {"map_extents": rows}


def split(document, page, rng):
    """The same, cut into smaller rows here and there."""
    out = []
    for r in document["map_extents"]:
        if r["frames"] < 2 or rng.random() < 0.5:
            out.append(r)
            continue
        n = rng.randrange(1, r["frames"])
        middle = hex(int(r["start"], 16) + n * page)
        pfn = None if r["pfn"] is None else hex(int(r["pfn"], 16) + n)
        out.append({**r, "end": middle, "frames": n})
        out.append({**r, "start": middle, "frames": r["frames"] - n, "pfn": pfn})
    return {"map_extents": out}


def strict(truth, rows):
    """Indices of rows that may neither be missing nor be otherwise."""
    sources = [*truth["linear"], *truth["other"]]
    return [i for i, r in enumerate(rows)
            if r["state"] in ("mapped", "absent")
            and not {"optional", "shared"} & set(sources[i])]


SPOILS = {
    "perm": lambda r: r.update(perm="ro" if r["perm"] == "rw" else "rw", state="mapped"),
    "exec": lambda r: r.update(exec=not r["exec"], state="mapped"),
    "state": lambda r: r.update(state="absent" if r["state"] == "mapped" else "mapped"),
    "unknown": lambda r: r.update(state="unknown"),
    "none": lambda r: r.update(state="none"),
    "leaf": lambda r: r.update(leaf_bytes=(r["leaf_bytes"] or 0) + 1),
    "frame": lambda r: r.update(pfn=hex(int(r["pfn"] or "0x0", 16) + 1), state="mapped"),
    "missing": None,
}


def cases(directory):
    """(name, whether it came out as it should)."""
    with open(os.path.join(directory, "truth.json"), encoding="utf-8") as f:
        truth = json.load(f)
    rng, right = random.Random(1), tool_of(truth)
    yield "agrees with itself", not Comparison(truth, right).findings
    small = split(right, truth["page_size"], rng)
    yield "agrees when cut in pieces", not Comparison(truth, small).findings
    at = strict(truth, right["map_extents"])
    for name, spoil in SPOILS.items():
        seen = True
        for i in rng.sample(at, min(len(at), 5)):
            wrong = copy.deepcopy(right)
            if spoil:
                spoil(wrong["map_extents"][i])
            else:
                del wrong["map_extents"][i]
            seen = seen and bool(Comparison(truth, wrong).findings)
        yield f"sees a wrong '{name}'", seen


def main(directories):
    n = failed = 0
    for directory in directories:
        for name, ok in cases(directory):
            n += 1
            failed += not ok
            print(f"{'ok' if ok else 'not ok'} {n} - {os.path.basename(directory)}: {name}")
    print(f"1..{n}")
    return 1 if failed or not n else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
