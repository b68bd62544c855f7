#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds what `safevma kernel` says against readings of its own.

    kernel.py files REPORT          each row that a file told: the file again, read here
    kernel.py config REPORT CONFIG  each row that the configuration told: its line, found here
    kernel.py mutate RECORDING TARGET [CHANGE...]
        a copy in which things are otherwise: config=FILE, config=none, cmdline=TEXT, cmdline=none,
        PATH=TEXT, PATH=absent, PATH=denied
    kernel.py checker REPORT CHECKED
        each option that kernel-hardening-checker knows too: its JSON over the same file of options;
        where the two differ they must do so for a reason that stands here
"""

import errno
import gzip
import json
import os
import re
import shutil
import sys

OFF = ("0", "n", "N", "inactive")


def rows(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)["items"]


# What a file says, told without the program's tables: off, on, or the words that it has.
def reading(path):
    with open(path, encoding="utf-8") as f:
        text = " ".join(f.read().split())
    chosen = re.search(r"[\[(]([^\])]*)[\])]", text)
    return chosen.group(1) if chosen and "/vulnerabilities/" not in path else text


def file_fault(row):
    text = reading(row["read"])
    if row["value"] != text:
        return f"value '{row['value']}', the file has '{text}'"
    if row["state"] == "value" or row["item"] == "dev-mem":
        return None
    if row["item"] == "kernel-unmapped":
        on = text.startswith("Mitigation")
    else:
        on = text not in OFF + ("never", "none")
    return None if (row["state"] == "on") == on else f"state {row['state']}, the file has '{text}'"


def check_files(report):
    n = faults = 0
    for row in rows(report):
        if row["how"] not in ("sysctl", "sysfs", "debugfs") or not os.path.exists(row["read"]):
            continue
        n += 1
        fault = file_fault(row)
        if fault:
            faults += 1
            print(f"{row['item']}: {fault}")
    print(f"{n} rows held against their files")
    return 1 if faults or n < 10 else 0


def check_config(report, config):
    with open(config, encoding="utf-8") as f:
        lines = set(f.read().splitlines())
    n = faults = 0
    for row in rows(report):
        if row["how"] != "config":
            continue
        n += 1
        name = re.match(r"CONFIG_\w+", row["read"]).group(0)
        if row["read"].endswith(" is not set"):
            good = f"# {row['read']}" in lines
        elif row["read"].endswith(" is not named"):
            good = not any(re.match(rf"(# )?{name}[ =]", line) for line in lines)
        else:
            good = row["read"] in lines
        if not good:
            faults += 1
            print(f"{row['item']}: {row['read']}")
    print(f"{n} rows held against the configuration")
    return 1 if faults or n < 20 else 0


# ---- recordings that are otherwise ---------------------------------------------------------------


def change(ops, target, path, new):
    found = [op for op in ops if op.get("path") == path and op["op"] == "open"]
    if not found:
        sys.exit(f"the recording has no {path}")
    for op in found:
        for member in ("file", "extents", "ends"):
            op.pop(member, None)
        op["errno"] = {"absent": errno.ENOENT, "denied": errno.EACCES}.get(new, 0)
        if op["errno"]:
            continue
        data = new if isinstance(new, bytes) else new.encode() + b"\n"
        op["file"] = "new" + path.replace("/", "_") + "@" + op["tag"]
        op["extents"], op["ends"] = [[0, len(data)]], [[len(data), 0]]
        with open(os.path.join(target, op["file"]), "wb") as f:
            f.write(data)


def mutate(recording, target, changes):
    shutil.copytree(recording, target)
    journal = os.path.join(target, "recording.json")
    with open(journal, encoding="utf-8") as f:
        head, *lines = f.read().splitlines(keepends=True)
    ops = [json.loads(line.rstrip(",\n")) for line in lines[:-1]]
    for one in changes:
        path, _, new = one.partition("=")
        if path == "config" and new != "none":
            with open(new, "rb") as f:
                path, new = "/proc/config.gz", gzip.compress(f.read())
        elif path == "config":
            path, new = "/proc/config.gz", "absent"
            release = [op for op in ops if op.get("path", "").startswith("/boot/")]
            if not release:
                uname = os.uname().release
                ops.append(
                    {"op": "open", "path": f"/boot/config-{uname}", "tag": "", "errno": errno.ENOENT}
                )
        elif path == "cmdline":
            path, new = "/proc/cmdline", "denied" if new == "none" else new
        change(ops, target, path, new)
    with open(journal, "w", encoding="utf-8") as f:
        f.write(head)
        for op in ops:
            f.write(json.dumps(op, separators=(",", ":")) + ",\n")
        f.write(lines[-1])
    return 0


# ---- another tool --------------------------------------------------------------------------------

# Rows and the options by which the other tool tells the same; good: what it wants is our on.
SAME = {
    "list-checks": ("LIST_HARDENED", True),
    "list-checks-all": ("DEBUG_LIST", True),
    "corruption-bug": ("BUG_ON_DATA_CORRUPTION", True),
    "stack-guard": ("VMAP_STACK", True),
    "stack-end-check": ("SCHED_STACK_END_CHECK", True),
    "stack-canary": ("STACKPROTECTOR", True),
    "stack-zeroed": ("INIT_STACK_ALL_ZERO", True),
    "kernel-rodata": ("STRICT_KERNEL_RWX", True),
    "module-rodata": ("STRICT_MODULE_RWX", True),
    "fortify": ("FORTIFY_SOURCE", True),
    "usercopy-checks": ("HARDENED_USERCOPY", True),
    "array-bounds": ("UBSAN_BOUNDS", True),
    "freelist-checks": ("SLAB_FREELIST_HARDENED", True),
    "freelist-random": ("SLAB_FREELIST_RANDOM", True),
    "random-kmalloc": ("RANDOM_KMALLOC_CACHES", True),
    "slab-buckets": ("SLAB_BUCKETS", True),
    "slab-merging": ("SLAB_MERGE_DEFAULT", False),
    "kfence": ("KFENCE", True),
    "pgtable-check": ("PAGE_TABLE_CHECK", True),
    "init-on-alloc": ("INIT_ON_ALLOC_DEFAULT_ON", True),
    "init-on-free": ("INIT_ON_FREE_DEFAULT_ON", True),
    "page-shuffle": ("SHUFFLE_PAGE_ALLOCATOR", True),
    "kernel-aslr": ("RANDOMIZE_BASE", True),
    "bug-traps": ("BUG", True),
    "dev-mem": ("DEVMEM", False),
    "strict-devmem": ("STRICT_DEVMEM", True),
    "io-devmem": ("IO_STRICT_DEVMEM", True),
    "lockdown": ("SECURITY_LOCKDOWN_LSM", True),
}

# Where the two tell different things of one line, and why neither is wrong.
DIFFERENT = {
    "page-shuffle": "built is not on: the allocator shuffles with page_alloc.shuffle=1 alone",
    "pgtable-check": "built is not on: without ..._ENFORCED it waits for page_table_check=on",
    "kfence": "built is not on: an interval of 0 switches it off",
    "lockdown": "built is not on: it starts when lockdown= or a level of the LSM asks for it",
    "strict-devmem": "the other counts it as good when there is no /dev/mem; we say that it is off",
    "io-devmem": "as strict-devmem",
    "module-rodata": "the other counts a kernel without modules as good; we say absent",
    "stack-zeroed": "the other takes the structleak plugin for the same",
    "init-on-free": "the other takes PAGE_POISONING_ZERO for the same",
    "stack-end-check": "the other counts VMAP_STACK as good enough; we tell them apart",
}


def check_checker(report, checked):
    ours = {row["item"]: row for row in rows(report)}
    with open(checked, encoding="utf-8") as f:
        theirs = {c["option_name"]: c for c in json.load(f) if c["type"] == "kconfig"}
    agreed = differed = faults = 0
    for item, (option, good) in SAME.items():
        other = theirs.get("CONFIG_" + option)
        if other is None:
            print(f"{item}: the other does not know CONFIG_{option} on this machine")
            continue
        if ours[item]["state"] in ("unknown", "value"):
            faults += item not in DIFFERENT
            print(f"{item}: {ours[item]['state']} {ours[item]['note']}")
            continue
        on = ours[item]["state"] == "on"
        if (on == good) == other["check_result_bool"]:
            agreed += 1
        elif item in DIFFERENT:
            differed += 1
            print(f"{item}: {ours[item]['state']}, {other['check_result']}: {DIFFERENT[item]}")
        else:
            faults += 1
            print(f"{item}: {ours[item]['state']} ({ours[item]['read']}), the other says {other}")
    print(f"{agreed} agree, {differed} differ for a reason, {faults} without one")
    return 1 if faults or agreed < 12 else 0


def main():
    what, *rest = sys.argv[1:]
    if what == "mutate":
        return mutate(rest[0], rest[1], rest[2:])
    return {"files": check_files, "config": check_config, "checker": check_checker}[what](*rest)


sys.exit(main())
