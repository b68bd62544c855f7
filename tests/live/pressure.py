#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts of commit's report against files read here.

    pressure.py psi REPORT BEFORE AFTER    stalls between two readings of /proc/pressure (folders)
    pressure.py oom REPORT BEFORE AFTER    ranks against oom_score of two moments ("PID SCORE" lines)
    pressure.py scores                     such lines

Exit status 0: they agree; 1: they do not, and standard error says where.
"""
import json
import os
import sys


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def psi_file(path):
    lines = {}
    with open(path, encoding="ascii") as f:
        for line in f:
            word, *rest = line.split()
            lines[word] = dict(r.split("=") for r in rest)
    return lines


def psi(report, before, after):
    wrong = []
    for row in report["pressure"]:
        if row["source"] != "system":
            continue
        a, b = (psi_file(f"{d}/{row['resource']}") for d in (before, after))
        for line in ("some", "full"):
            if line not in a:
                continue
            got = row[line]["total_us"]
            if not int(a[line]["total"]) <= got <= int(b[line]["total"]):
                wrong.append(f"{row['resource']} {line}: {got} is not between {a} and {b}")
            if a[line] == b[line] and row[line]["avg10"] != float(a[line]["avg10"]):
                wrong.append(f"{row['resource']} {line}: avg10 {row[line]['avg10']}, {a}")
    return wrong


def scores():
    for pid in sorted(int(p) for p in os.listdir("/proc") if p.isdigit()):
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
                flags = int(f.read().rsplit(")", 1)[1].split()[6])
            with open(f"/proc/{pid}/oom_score", encoding="ascii") as f:
                score = int(f.read())
            with open(f"/proc/{pid}/oom_score_adj", encoding="ascii") as f:
                adj = int(f.read())
        except OSError:
            continue
        if not flags & 0x00200000 and adj != -1000 and pid != 1:
            print(pid, score)


def table(path):
    with open(path, encoding="ascii") as f:
        return {int(p): int(s) for p, s in (line.split() for line in f)}


def oom(report, before, after):
    """Of processes with one score at both moments: nobody's rank contradicts the scores."""
    a, b = table(before), table(after)
    same = {p: s for p, s in a.items() if b.get(p) == s}
    moved = len(set(a) | set(b)) - len(same) + 2  # and the observer's own two
    wrong = []
    for row in report["oom_standing"]:
        if row["domain"] != "system" or row["pid"] not in same:
            continue
        own = same[row["pid"]]
        if row["rank_first"] is None or row["rank_last"] is None:
            # Who has ended and waits for its parent has no memory, a score of 0 and no rank.
            if own:
                wrong.append(f"{row['pid']}: no rank, and nothing says why")
            continue
        above = sum(s > own for s in same.values())
        reach = sum(s >= own for s in same.values())
        if row["oom_score"] != own:
            wrong.append(f"{row['pid']}: score {row['oom_score']}, the file says {own}")
        if not above + 1 <= row["rank_last"] or row["rank_first"] > reach + moved:
            wrong.append(f"{row['pid']}: rank {row['rank_first']} to {row['rank_last']}, "
                         f"{above} above, {reach} reach it, {moved} moved")
        if row["rank_first"] > row["rank_last"]:
            wrong.append(f"{row['pid']}: {row}")
    order = [r["oom_score"] for r in report["oom_order"]]
    if order != sorted(order, reverse=True):
        wrong.append(f"order: {order}")
    return wrong


def main():
    if sys.argv[1] == "scores":
        scores()
        return
    check = {"psi": psi, "oom": oom}[sys.argv[1]]
    wrong = check(load(sys.argv[2]), sys.argv[3], sys.argv[4])
    for w in wrong:
        print(w, file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
