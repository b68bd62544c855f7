#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks what locks says against what the victim did, and then met.

    locks.py LOCKS.json EACH.json VICTIM.jsonl [--faults] [--proc DIR]

VICTIM.jsonl is what the victim said of its regions, and with --faults also what it said when it
touched them, page by page, after the reports were made: the pages at which the tool expects a fault
are those at which the process counted one. What a region's making implies of each page's state is
in the table below; nothing here looks at pagemap or kpageflags. With --proc (/proc/PID, or a
recording's) sums agree with status and smaps. Prints TAP; exit status 0 or 1.
"""
import argparse
import json
import re
import sys

from compare import Tap, number


def read_lines(path):
    regions, faulted, threads, pid = [], {}, [], None
    with open(path, encoding="utf-8") as f:
        for line in f:
            if not line.startswith("{"):
                continue
            item = json.loads(line)
            if "ready" in item:
                pid = item["pid"]
            if "name" in item:
                regions.append(item)
            if "faulted" in item:
                faulted[item["start"]] = item
            if "thread" in item:
                threads.append(item)
    return regions, faulted, threads, pid


def pages_of(process, page):
    """Address -> run, of every page that has an entry or lies in a small run."""
    out = {}
    for run in process["runs"]:
        start = number(run["vaddr"])
        for i in range(min(run["pages"], 1 << 16)):
            out[start + i * page] = run
    return out


# What is true of the pages of a region by construction: states that each page must have, and must
# not have, of those that were touched and of the others; the lock of its mapping.
LOCKED = ("locked",)
ONFAULT = ("onfault", "locked-or-onfault")
TABLE = {
    "onfault": (ONFAULT, {"present", "mlocked"}, {"zero"}, {"absent"}),
    "locked": (LOCKED, {"present", "mlocked"}, {"cow", "alone", "zero"}, None),
    "alone": (LOCKED, {"present", "mlocked"}, {"cow", "zero"}, None),
    "cow": (LOCKED, {"present", "mlocked"}, {"zero"}, None),
    "lock_failed": (LOCKED, None, None, {"absent"}),
    "locked_none": (LOCKED, None, None, {"absent"}),
    "locked_zero": (ONFAULT, {"present", "zero"}, {"mlocked", "unmarked", "cow"}, {"absent"}),
    "zero": (("unlocked",), {"present", "zero"}, {"cow"}, {"absent"}),
    "unlocked": (("unlocked",), {"present"}, {"mlocked", "cow", "zero"}, None),
    "reserved": (("unlocked", "locked"), {"present"}, None, {"absent"}),
    "secret": (("secretmem",), {"present"}, {"cow", "movable", "notify", "unmarked"}, {"absent"}),
    "file_shared": (LOCKED, {"present"}, {"copy", "cow"}, None),
    "file_private": (("unlocked",), {"present", "copy"}, {"notify", "cow"}, None),
    "ring": (("driver",), {"present"}, {"movable", "mlocked", "cow", "notify"}, None),
    "hugetlb": (("hugetlb",), {"present"}, {"movable", "unmarked"}, {"absent"}),
    "swapped": (("unlocked",), {"present"}, {"swapped"}, {"swapped"}),
    "huge_locked": (LOCKED, {"present", "mlocked"}, {"cow"}, None),
}
REASON = {
    "lock_failed": {"lock-failed"},
    "locked_none": {"no-access"},
    "onfault": {"onfault", "lock-or-onfault"},
    "reserved": {"first-touch"},
    "locked_zero": {"onfault", "lock-or-onfault"},
    "zero": {"first-touch"},
    "secret": {"first-touch"},
    "swapped": {"swapped"},
}


def state_lines(region, pages, page):
    """What is wrong with the states of a region's pages."""
    name, start = region["name"], number(region["start"])
    holds, there, never, others = TABLE[name]
    touched, wrong = set(region["touched_pages"]), []
    for i in range((number(region["end"]) - start) // page):
        run = pages.get(start + i * page)
        if run is None:
            wrong.append(f"page {i}: not in the report")
            continue
        states = set(run["state"])
        if run["lock"] not in holds:
            wrong.append(f"page {i}: {run['lock']}, made as {holds}")
        if i in touched:
            if not (there or set()) <= states or states & (never or set()):
                wrong.append(f"page {i}: {sorted(states)}")
        elif i in region["guard_pages"]:
            if "guard" not in states:
                wrong.append(f"page {i}: {sorted(states)}, is a guard")
        elif others is not None and not others <= states:
            wrong.append(f"page {i}: {sorted(states)}, was not touched")
        elif name in REASON and not REASON[name] & set(run["reasons"]):
            wrong.append(f"page {i}: {run['reasons']}")
    return wrong


def special_lines(region, pages, page):
    """What the table cannot say: of a part of the region."""
    name, start = region["name"], number(region["start"])
    count, wrong = (number(region["end"]) - start) // page, []
    for i in range(count):
        run = pages.get(start + i * page, {"state": [], "reasons": [], "lock": None})
        states = set(run["state"])
        if name == "cow" and ("cow" in states) != (i >= count // 4):
            wrong.append(f"page {i}: {sorted(states)}, copied up to {count // 4}")
        if name == "alone" and ("alone" in states) != (i >= count // 4):
            wrong.append(f"page {i}: {sorted(states)}, written up to {count // 4}")
        if name == "guard" and ("guard" in states) != (i in region["guard_pages"]):
            wrong.append(f"page {i}: {sorted(states)}")
        if name == "huge_half":
            lock = "locked" if i < count // 2 else "unlocked"
            if run["lock"] != lock or "present" not in states:
                wrong.append(f"page {i}: {run['lock']} {sorted(states)}")
    return wrong


def fault_lines(region, met, pages, page):
    """Expected faults are those that were taken."""
    kind = "read_faults" if "read_faults" in met else "write_faults"
    start = number(region["start"])
    count = (number(region["end"]) - start) // page
    expected = {i for i in range(count) if pages.get(start + i * page, {}).get(kind)}
    unknown = {i for i in range(count) if pages.get(start + i * page, {}).get(kind, 0) is None}
    taken = set(met[kind])
    if region.get("huge_bytes") and taken <= expected | unknown:
        return []  # one fault serves many
    if taken - expected - unknown or expected - taken:
        return [f"{kind}: expected {sorted(expected)}, taken {sorted(taken)}, "
                f"unknown {sorted(unknown)}"]
    return []


def length(region):
    return (number(region["end"]) - number(region["start"])) // region["page_size"]


def sums(process, runs, page, proc):
    """Sums of the report beside the kernel's own."""
    with open(f"{proc}/status", encoding="utf-8", errors="replace") as f:
        status = dict(re.findall(r"^(\w+):\s+(\d+) kB$", f.read(), re.M))
    with open(f"{proc}/smaps", encoding="utf-8", errors="replace") as f:
        smaps = f.read()

    def total(key):
        return sum(int(n) for n in re.findall(rf"^{key}:\s+(\d+) kB$", smaps, re.M)) * 1024

    # The kernel counts neither the page of zeros nor hugetlb; its own pages as far as pagemap has
    # them, of the vdso, and from 6.17 or so on of vvar.
    resident = sum(r["pages"] for r in runs if "present" in r["state"] and
                   "zero" not in r["state"] and r["kind"] != "hugetlb") * page
    return [
        ("VmLck is what is flagged", process["flagged_bytes"], int(status["VmLck"]) * 1024),
        ("Rss of smaps is what is resident", resident, total("Rss")),
        ("VmSwap is what is swapped", process["swapped_bytes"], int(status["VmSwap"]) * 1024),
        ("Swap of smaps is what is swapped", process["swapped_bytes"], total("Swap")),
    ]


def check_threads(tap, report, threads):
    stacks = {s["tid"]: s for s in report["stacks"]}
    for t in threads:
        s = stacks.get(t["thread"])
        wrong = []
        if s is None:
            wrong.append("not in the report")
        elif s["sp"] is not None:
            start, sp = number(t["stack"]), number(s["sp"])
            if not start <= sp <= start + t["stack_bytes"]:
                wrong.append(f"sp {s['sp']} is not in the stack at {t['stack']}")
            has = s["guard"] in ("vma", "region")
            if has != bool(t["guard_bytes"]) or (has and s["guard_bytes"] != t["guard_bytes"]):
                wrong.append(f"guard {s['guard']} {s['guard_bytes']}, made {t['guard_bytes']}")
            if s["room_bytes"] != sp - start:
                wrong.append(f"room {s['room_bytes']}, is {sp - start}")
        else:
            wrong.append("no stack pointer")
        guard = "a" if t["guard_bytes"] else "no"
        tap.point(f"stack of a thread with {guard} guard", wrong, 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("locks")
    parser.add_argument("each")
    parser.add_argument("victim")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--proc")
    args = parser.parse_args()
    with open(args.locks, encoding="utf-8") as f:
        report = json.load(f)
    with open(args.each, encoding="utf-8") as f:
        each = json.load(f)
    regions, faulted, threads, pid = read_lines(args.victim)
    page, tap = report["host"]["page_size"], Tap(20)
    process = [p for p in report["processes"] if p["pid"] == pid][0]
    runs = [p for p in each["processes"] if p["pid"] == pid][0]
    pages = pages_of(runs, page)
    for r in regions:
        if "skipped" in r:
            tap.skip(r["name"], r["skipped"])
            continue
        wrong = state_lines(r, pages, page) if r["name"] in TABLE else []
        wrong += special_lines(r, pages, page)
        tap.point(f"{r['name']}: states of its pages", wrong, length(r))
        if args.faults and r["start"] in faulted:
            wrong = fault_lines(r, faulted[r["start"]], pages, page)
            tap.point(f"{r['name']}: faults expected are faults taken", wrong, length(r))
    check_threads(tap, report, threads)
    for what, ours, theirs in sums(process, runs["runs"], page, args.proc) if args.proc else []:
        tap.point(what, [] if ours == theirs else [f"{ours} against {theirs}"], 1)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
