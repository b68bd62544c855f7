#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""structpages.py DIR: what struct pages say of every frame of a guest (tests/vm/jobs/structpages),
against page_owner's records and the kernel's own counts of slabs. Prints lines that begin with
"ok", "not ok" or "#".

A frame takes part where page_owner had the same record of it before and after; where it had none, it
was free or taken before page_owner. Of memory of several frames that is not compound, struct pages do
not show that it belongs together: such frames are counted apart.
"""
import collections
import json
import os
import re
import sys

HEAD = re.compile(rb"^Page allocated via order (\d+), mask (0x[0-9a-f]+)")
PFN = re.compile(rb"^PFN (0x[0-9a-f]+|\d+) ")
failed = False


def verdict(good, text):
    global failed
    failed |= not good
    print(("ok " if good else "not ok ") + text)


def records(path):
    """Order, flags and stack of each allocation, by its first frame."""
    found = {}
    with open(path, "rb") as f:
        for text in f.read().split(b"\n\n"):
            lines = text.strip().split(b"\n")
            if len(lines) < 2:
                continue
            head, pfn = HEAD.match(lines[0]), PFN.match(lines[1])
            if head and pfn:
                found[int(pfn.group(1), 0)] = (int(head.group(1)), lines[0], tuple(lines[1:]))
    return found


def spread(found):
    """First frame and order of the allocation that each frame belongs to."""
    frames = {}
    for first, (order, _, rest) in found.items():
        for pfn in range(first, first + (1 << order)):
            frames[pfn] = (first, order, rest)
    return frames


def by_name(path):
    rows = {}
    with open(path) as f:
        for line in f:
            name, *numbers = line.rsplit(maxsplit=4)
            rows[name] = [int(n) for n in numbers]
    return rows


# The allocation is the slab allocator's: its functions stand first in the stack.
SLAB = re.compile(rb"\b(allocate_slab|new_slab|___slab_alloc|alloc_slab_page|refill_objects)\+")
LARGE = re.compile(rb"\b(___kmalloc_large_node|__kmalloc_large_node|kmalloc_large|kmalloc_order)")


def compare_owner(folder):
    before = records(os.path.join(folder, "owner-before"))
    after = records(os.path.join(folder, "owner-after"))
    same = {pfn: r for pfn, r in before.items() if after.get(pfn) == r}
    owned = spread(same)
    moved = set(spread({p: r for p, r in before.items() if p not in same})) | set(
        spread({p: r for p, r in after.items() if p not in same}))
    counts = collections.Counter()
    wrong = []
    with open(os.path.join(folder, "frames")) as f:
        next(f)
        for line in f:
            pfn, head, order, kind, cache = line.split(maxsplit=4)
            pfn, head, order = int(pfn), int(head), int(order)
            if pfn in moved:
                counts["changed"] += 1
                continue
            if pfn not in owned:
                counts["without a record"] += 1
                # Free, or from before page_owner began: no slab of later can be there.
                continue
            first, true_order, rest = owned[pfn]
            stack = b"\n".join(rest)
            if b"register_early_stack" in stack or b"register_dummy_stack" in stack:
                counts["taken before page_owner began"] += 1
                continue
            slab, large = bool(SLAB.search(stack)), bool(LARGE.search(stack))
            counts["compared"] += 1
            if kind in ("changed", "-"):
                counts["not told (%s)" % kind] += 1
                continue
            counts["slab" if slab else "large kmalloc" if large else "other"] += 1
            if slab != (kind == "slab"):
                wrong.append((pfn, "slab or not", line, rest))
            elif order >= 0 and (order != true_order or head != first):
                wrong.append((pfn, "head or order", line, rest))
            elif order < 0 and true_order == 0 and head == first:
                counts["order 0, which is not told"] += 1
            elif order < 0:
                counts["order %d, not compound" % true_order] += 1
            else:
                counts["head and order agree"] += 1
            if order < 0 and b"head" in rest[0].split(b"Flags", 1)[-1]:
                wrong.append((pfn, "compound, and its order not told", line, rest))
    for key, n in sorted(counts.items()):
        print("# frames %s: %d" % (key, n))
    for pfn, what, line, rest in wrong[:10]:
        print("# wrong: %s: %s" % (what, line.strip()))
        print("#   " + b" | ".join(rest[:6]).decode(errors="replace"))
    verdict(counts["compared"] > 1000 and counts["slab"] > 100, "frames to compare")
    verdict(not wrong, "struct pages and page_owner agree: %d frames, %d wrong" %
            (counts["compared"], len(wrong)))


def compare_caches(folder):
    before = by_name(os.path.join(folder, "sysfs-before"))
    after = by_name(os.path.join(folder, "sysfs-after"))
    with open(os.path.join(folder, "caches")) as f:
        head = f.readline().split()
        rows = [line.rstrip("\n").split(maxsplit=6) for line in f]
    print("# caches: " + " ".join(head))
    seen, wrong, slabs, moved = {}, [], 0, 0
    for row in rows:
        label = row[6]
        name = label.split(" (also: ")[0]
        names = [name] + (label.split(" (also: ")[1].rstrip(")").split(", ")
                          if " (also: " in label else [])
        seen.update({n: int(row[0]) for n in names})
        if name not in before or name not in after:
            if name != "-":
                wrong.append((name, "not in /sys/kernel/slab"))
            continue
        low, high = sorted((before[name][0], after[name][0]))
        moved += high - low
        slabs += int(row[0])
        if low < 0:
            wrong.append((name, "the kernel does not count its slabs"))
        elif not low <= int(row[0]) <= high:
            wrong.append((name, "%s slabs, the kernel counts %d to %d" % (row[0], low, high)))
        for i, (at, what) in enumerate(((3, "slab_size"), (4, "object_size"), (5, "order"))):
            true = before[name][{"slab_size": 2, "object_size": 3, "order": 1}[what]]
            if int(row[at]) >= 0 and int(row[at]) != true:
                wrong.append((name, "%s %s, the kernel says %d" % (what, row[at], true)))
        wrong += [(n, "alias of %s with other figures" % name) for n in names
                  if before.get(n, [])[1:] != before[name][1:]]
    for name, numbers in before.items():
        if not name.startswith(":") and name not in seen and numbers[0] and after.get(name, [0])[0]:
            wrong.append((name, "has %d slabs, and none was attributed" % numbers[0]))
    for name, what in wrong[:20]:
        print("# wrong: %s: %s" % (name, what))
    named = sum(n > 0 for n in seen.values())
    verdict(len(rows) > 20 and slabs > 500, "caches to compare")
    verdict(not wrong, "slabs of each cache are what the kernel counts: %d slabs of %d caches under "
            "%d names, %d changed meanwhile" % (slabs, len(rows), named, moved))
    unnamed = int(head[5])
    verdict(unnamed == 0, "no slab memory is without a cache: %d frames of %s" % (unnamed, head[1]))


def compare_edges(folder):
    """What adjacency says of the memory beside the victim, page_owner left out."""
    with open(os.path.join(folder, "recording.adjacency.json")) as f:
        edges = [e for p in json.load(f)["processes"] for e in p["edge_list"]]
    before = records(os.path.join(folder, "owner-before"))
    after = records(os.path.join(folder, "owner-after"))
    owned = spread({pfn: r for pfn, r in before.items() if after.get(pfn) == r})
    counts, wrong = collections.Counter(), []
    for e in edges:
        counts[e["source_class"]] += 1
        record = owned.get(int(e["source_pfn"], 0))
        stack = b"\n".join(record[2]) if record else b""
        if not record or b"register_early_stack" in stack or b"register_dummy_stack" in stack:
            counts["not to be compared"] += 1
            continue
        counts["compared"] += 1
        if (e["source_kind"] == "slab") != bool(SLAB.search(stack)):
            wrong.append((e, "slab or not"))
        elif e["source_kind"] == "slab" and not e["source_owner"]:
            wrong.append((e, "no cache"))
        if e["source_order"] is not None and (e["source_order"] != record[1] or
                                              int(e["source_head"], 0) != record[0]):
            wrong.append((e, "head or order"))
    print("# edges: " + ", ".join("%s: %d" % c for c in sorted(counts.items())))
    for e, what in wrong[:10]:
        print("# wrong: %s: %s" % (what, {k: v for k, v in e.items() if k.startswith("source")}))
    verdict(not wrong, "each edge is attributed as page_owner has it: %d of %d compared, %d wrong" %
            (counts["compared"], len(edges), len(wrong)))


compare_caches(sys.argv[1])
if os.path.getsize(os.path.join(sys.argv[1], "owner-before")) > 0:
    compare_owner(sys.argv[1])
    compare_edges(sys.argv[1])
sys.exit(failed)
