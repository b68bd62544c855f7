#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes one interface after the other out of a recording that gives a pass, and says what happens.

    mutate.py SAFEVMA RECORDING WORK COMMAND...

Each operation of the journal is removed, denied, cut in half and emptied, all of one interface at a
time and for those of a watched time also one by one. No verdict may stay a pass but where the
command does not need what is missing, which is listed here with its reason.
"""

import json
import os
import shutil
import subprocess
import sys

# What a verdict of watch does not rest on.
NOT_NEEDED = {
    "/proc/pressure/memory": "stands beside the verdict",
    "/proc/vmstat": "stands beside the verdict",
    "/proc/sys/kernel/random/boot_id": "says which boot",
    "/proc/swaps": "which entries are swap: what is not present is lost in any case",
    "/sys/hypervisor/type": "says what machine",
    "/sys/class/dmi/id/sys_vendor": "says what machine",
    "/proc/cpuinfo": "says what machine",
    "/proc/zoneinfo": "where kpageflags ends: it was read beyond what is needed",
}
# Notes by tag, and parts of processes that say who they are or why they are critical.
NOT_NEEDED_TAGS = ("cost", "features", "privileges", "self", "clock.to", "clock.from")
NOT_NEEDED_PARTS = (
    "/cmdline",
    "/exe",
    "/cgroup",
    "/limits",
    "/oom_score",
    "/oom_score_adj",
    "/smaps",
    "/task",
)


def needed(op, how):
    if op["path"] in NOT_NEEDED:
        return False
    # Read before the first look, to say who it is and why it is selected.
    if op["tag"] == "selection" or (op["path"].endswith("/status") and not op["tag"]):
        return False
    # The first half says whether there is another look; the interval is only shown.
    if op["op"] == "wait" and how == "cut":
        return False
    if op["op"] == "note" and op["tag"].startswith(NOT_NEEDED_TAGS):
        return False
    if op["op"] == "alive":
        return False
    return not op["path"].endswith(NOT_NEEDED_PARTS)


def write(ops, head, target):
    with open(os.path.join(target, "recording.json"), "w", encoding="utf-8") as out:
        out.write(head)
        for op in ops:
            out.write(json.dumps(op, separators=(",", ":")) + ",\n")
        out.write('null],"complete":true}\n')


def denied(op):
    kept = {k: v for k, v in op.items() if k in ("op", "path", "tag", "start", "end")}
    kept["errno"] = 13
    return kept


def watched():
    return sys.argv[sys.argv.index("-p") + 1].encode()


def half(op, source, target):
    """Cut in the middle, at a word where it is of words."""
    if op["errno"] or "file" not in op:
        return None
    size = os.path.getsize(os.path.join(source, op["file"]))
    keep = size // 16 * 8
    if keep == size or not size:
        return None
    name = os.path.join(target, op["file"])
    with open(os.path.join(source, op["file"]), "rb") as f:
        data = f.read()[:keep]
    if op["op"] == "list" and op["path"] == "/proc":
        # Younger processes can fill the second half: what is watched has to be lost.
        data = data[: max(0, (b"\n" + data).find(b"\n" + watched() + b"\n"))] or data
        keep = len(data)
    if op["path"].endswith("/status") and b"VmSwap" in data:
        data = data[: data.index(b"VmLck") // 8 * 8]  # or nothing that is needed would be lost
        keep = len(data)
    if op["path"].endswith("/stat"):
        keep = size // 32 * 8  # fields up to 24 are needed
        data = data[:keep]
    os.remove(name)
    with open(name, "wb") as f:
        f.write(data)
    cut = dict(op)
    if "length" in cut:
        cut["length"] = keep
        return cut
    left, extents = keep, []
    for off, length in cut["extents"]:
        off_n = int(off, 16) if isinstance(off, str) else off
        take = min(left, length)
        if take:
            extents.append([off, take])
            end = off_n + take
        left -= take
    cut["extents"] = extents
    cut["ends"] = [[end, 0]] if extents else [[0, 0]]
    return cut


def main():
    safevma, source, work = sys.argv[1:4]
    command = sys.argv[4:]
    with open(os.path.join(source, "recording.json"), encoding="utf-8") as f:
        lines = f.readlines()
    head, ops = lines[0], [json.loads(line.rstrip(",\n")) for line in lines[1:-1]]
    groups = {}
    for i, op in enumerate(ops):
        groups.setdefault((op["op"], op["path"], op["tag"].rstrip("0123456789.")), []).append(i)
        if op["tag"].startswith("watch."):
            groups[(op["op"], op["path"], op["tag"])] = [i]

    def run(mutant, target):
        write(mutant, head, target)
        return subprocess.run(
            [safevma, *command, "--root", target], capture_output=True, check=False
        ).returncode

    def fresh():
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(source, work, copy_function=os.link)
        os.remove(os.path.join(work, "recording.json"))

    fresh()
    failed = run(ops, work) != 0
    if failed:
        print("the recording itself is no pass")
    tried = {0: 0, 1: 0, 2: 0, 3: 0}
    for key, which in groups.items():
        for how in ("removed", "denied", "cut", "changed name"):
            fresh()
            if how == "removed":
                mutant = [op for i, op in enumerate(ops) if i not in which]
            elif how == "denied":
                mutant = [denied(op) if i in which else op for i, op in enumerate(ops)]
            elif how == "cut":
                cuts = {i: half(ops[i], source, work) for i in which}
                if not all(cuts.values()):
                    continue
                mutant = [cuts.get(i, op) for i, op in enumerate(ops)]
            else:
                mutant = [
                    dict(op, path=op["path"] + "x") if i in which else op
                    for i, op in enumerate(ops)
                ]
            status = run(mutant, work)
            tried[status] = tried.get(status, 0) + 1
            if status not in tried or status < 0 or status > 3:
                print(f"{key} {how}: status {status}")
                failed = True
            elif status == 0 and any(needed(ops[i], how) for i in which):
                print(f"{key} {how}: still a pass")
                failed = True
    print("mutants by exit status:", tried)
    sys.exit(failed or not tried[3])


main()
