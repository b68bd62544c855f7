#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""compare.py FLOOR-OUTPUT FRAMES.ndjson: whether both read the same words. The second is what
`safevma frames --each --ndjson` wrote. Says what differs."""
import json
import sys

KPF_ANON = 1 << 12
COMPARED = ("pages", "frames", "pfn_sum", "count_sum", "cgroup_sum", "anon")


def of_floor(path):
    with open(path, encoding="utf-8") as f:
        said = {key: int(value) for key, value in (line.split() for line in f)}
    return {key: said[key] for key in COMPARED}


def of_tool(path):
    with open(path, encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    rows = [r for r in rows if r.get("record") == "runs" and r["state"] == "present"]
    return {
        "pages": sum(r["pages"] for r in rows),
        "frames": len({r["pfn"] for r in rows}),
        "pfn_sum": sum(int(r["pfn"], 16) for r in rows),
        "count_sum": sum(r["mapcount"] for r in rows),
        "cgroup_sum": sum(r["cgroup_inode"] for r in rows),
        "anon": sum(bool(int(r["flags"], 16) & KPF_ANON) for r in rows),
    }


def main():
    if len(sys.argv) != 3:
        print("usage: compare.py FLOOR-OUTPUT FRAMES.ndjson", file=sys.stderr)
        return 64
    floor, tool = of_floor(sys.argv[1]), of_tool(sys.argv[2])
    for key, value in floor.items():
        if value != tool[key]:
            print(f"{key}: the floor read {value}, safevma {tool[key]}")
    return 0 if floor == tool else 1


if __name__ == "__main__":
    sys.exit(main())
