#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds a report of safevma commit against /proc, read here once more.

    safevma commit -J -p PID >report.json
    commit.py report.json PID

The process must be quiet. Exit status 0, or 1 with a line for each figure that differs.
"""
import json
import os
import re
import sys

KB = 1024


def vmas(pid):
    """Of each mapping: start, size, permissions, the kB lines, the flags."""
    found = []
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as f:
        for line in f:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....) ", line)
            if head:
                start, end = (int(x, 16) for x in head.groups()[:2])
                found.append({"start": start, "size": end - start, "perms": head[3]})
                continue
            key, _, rest = line.partition(":")
            words = rest.split()
            if key == "VmFlags":
                found[-1]["flags"] = set(words)
            elif words[1:] == ["kB"]:
                found[-1][key] = int(words[0]) * KB
    return found


def meminfo():
    with open("/proc/meminfo", encoding="utf-8") as f:
        lines = (line.split() for line in f)
        return {w[0].rstrip(":"): int(w[1]) * (KB if w[2:] == ["kB"] else 1) for w in lines}


def sysctl(name):
    with open(f"/proc/sys/vm/{name}", encoding="utf-8") as f:
        return int(f.read())


def limit(info):
    """vm_commit_limit() of mm/util.c, in pages as there."""
    page = os.sysconf("SC_PAGESIZE")
    kbytes = sysctl("overcommit_kbytes")
    pages = kbytes * KB // page if kbytes else \
        (info["MemTotal"] - info.get("Hugetlb", 0)) // page * sysctl("overcommit_ratio") // 100
    return pages * page + info["SwapTotal"]


def expected(pid):
    mine = vmas(pid)
    accounted = [v for v in mine if "ac" in v["flags"]]
    promised = sum(v["size"] for v in accounted)
    backed = sum(v["Anonymous"] + v["Swap"] for v in accounted)
    return {
        "promised_bytes": promised,
        "backed_bytes": backed,
        "unbacked_bytes": promised - backed,
        "noreserve_bytes": sum(v["size"] for v in mine if "nr" in v["flags"]
                               and not {"ac", "ht", "sh"} & v["flags"]),
        "hugetlb_bytes": sum(v["size"] for v in mine if "ht" in v["flags"]),
    }, {v["start"]: v["size"] for v in accounted}


def system():
    info = meminfo()
    return {
        "policy": {
            "overcommit_memory": sysctl("overcommit_memory"),
            "overcommit_ratio": sysctl("overcommit_ratio"),
            "overcommit_bytes": sysctl("overcommit_kbytes") * KB,
            "admin_reserve_bytes": sysctl("admin_reserve_kbytes") * KB,
            "user_reserve_bytes": sysctl("user_reserve_kbytes") * KB,
            "swap_total_bytes": info["SwapTotal"],
            "hugetlb_bytes": info.get("Hugetlb", 0),
        },
        "budget": {
            "mem_total_bytes": info["MemTotal"],
            "commit_limit_bytes": info["CommitLimit"],
            "commit_limit_recomputed_bytes": limit(info),
            "enforced": sysctl("overcommit_memory") == 2,
            "hugetlb_bytes": info.get("Hugetlb", 0),
        },
    }


def differences(name, got, want):
    return [f"{name}.{k}: reported {got[k]}, read {v}" for k, v in want.items() if got[k] != v]


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        report = json.load(f)
    pid = int(sys.argv[2])
    process = [p for p in report["processes"] if p["pid"] == pid][0]
    want, accounted = expected(pid)
    found = differences("process", process, want)
    rows = {int(v["start"], 16): v["promised_bytes"] for v in process["vmas"]
            if v["accounting"] == "accounted"}
    if rows != accounted:
        found.append(f"accounted mappings: {len(rows)} reported, {len(accounted)} read")
    for name, figures in system().items():
        found += differences(name, report[name], figures)
    budget = report["budget"]
    if budget["headroom_bytes"] - budget["over_bytes"] != \
            budget["commit_limit_bytes"] - budget["committed_as_bytes"]:
        found.append("headroom: not limit less committed")
    if budget["promised_seen_bytes"] < want["promised_bytes"]:
        found.append("promised_seen_bytes: less than one process")
    print("\n".join(found) or f"promised {want['promised_bytes']}, all agrees")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
