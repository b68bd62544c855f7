#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""slabstress.py DIR: what slab and adjacency say of a machine before slab fills the holes of locked
memory, while it does, and after it was given back (tests/vm/jobs/slabstress), against what the
kernel counts itself in /sys/kernel/slab, /proc/meminfo and /proc/kpageflags, and against what the
victim holds. Prints lines that begin with "ok", "not ok" or "#".

DIR holds for each state STATE.slab.json and STATE.adjacency.json, the recording STATE, and
counts-STATE-1, counts-STATE-2 (around the recording) and meminfo-STATE.
"""
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "live"))
import exposure  # noqa: E402

STATES = ("before", "during", "after")
GREW = 50  # slabs: more than what a quiet machine does meanwhile
folder = sys.argv[1]
failed = False


def verdict(good, text):
    global failed
    failed |= not good
    print(("ok " if good else "not ok ") + text)


def path(name):
    return os.path.join(folder, name)


def load(name):
    with open(path(name), encoding="utf-8") as f:
        return json.load(f)


def counts(state, which):
    """By name, aliases too: slabs, objects, partial, total_objects, order."""
    rows = {}
    with open(path(f"counts-{state}-{which}"), encoding="utf-8") as f:
        for line in f:
            name, *numbers = line.split()
            rows[name] = dict(zip(("slabs", "objects", "partial", "total", "order"),
                                  map(int, numbers)))
    return rows


def meminfo(state):
    with open(path(f"meminfo-{state}"), encoding="utf-8") as f:
        rows = dict(line.split(":") for line in f)
    return {k: int(rows[k].split()[0]) * 1024 for k in ("SReclaimable", "SUnreclaim")}


def slab_frames(state):
    """Frames with the flag of slab in the words of the recording, each once."""
    op, data = exposure.member(path(state), "/proc/kpageflags", "all")
    seen, at = {}, 0
    for start, length in op["extents"]:
        for i, word in enumerate(struct.unpack_from(f"<{length // 8}Q", data, at)):
            seen[start // 8 + i] = word
        at += length
    return sum(1 for w in seen.values() if w & exposure.SLAB)


def near(got, want, part, more):
    return abs(got - want) <= part * abs(want) + more


# ---- what the kernel counts of each cache --------------------------------------------------------

def compare_counts(state):
    first, second, wrong, compared = counts(state, 1), counts(state, 2), [], 0
    for cache in slabs[state]["caches"]:
        one, two = first.get(cache["id"]), second.get(cache["id"])
        if not one or not two:
            wrong.append(f"{cache['id']}: not in /sys/kernel/slab")
            continue
        for ours, theirs in (("slabs", "slabs"), ("partial_slabs", "partial"),
                             ("objects", "total")):
            low, high = sorted((one[theirs], two[theirs]))
            slack = 8 + high // 20 if theirs != "total" else 8 * (cache["objects_per_slab"] or 1) \
                + high // 20
            compared += 1
            if cache[ours] is None or not low - slack <= cache[ours] <= high + slack:
                wrong.append(f"{cache['id']}: {theirs} {cache[ours]}, the kernel counts {low} to "
                             f"{high}")
    for line in wrong[:20]:
        print(f"# {state}: {line}")
    verdict(not wrong and compared > 200, f"{state}: slabs, partial slabs and room of each cache "
            f"are what the kernel counts: {compared} figures, {len(wrong)} wrong")


def memory(state):
    """Frames that the caches have, by the report. Without larger pieces slabs are of fewer frames
    than their order says."""
    return sum(c["bytes"] for c in slabs[state]["caches"]) // slabs[state]["host"]["page_size"]


def compare_memory():
    page = slabs["before"]["host"]["page_size"]
    ours = {s: memory(s) for s in STATES}
    theirs = {s: sum(meminfo(s).values()) // page for s in STATES}
    flags = {s: slab_frames(s) for s in STATES}
    for s in STATES:
        m = meminfo(s)
        print(f"# {s}: {ours[s]} frames of slab, meminfo {theirs[s]} (reclaimable "
              f"{m['SReclaimable'] // page}, not {m['SUnreclaim'] // page}), kpageflags {flags[s]}")
    most = sum(c["slabs"] << c["order"] for c in slabs["during"]["caches"])
    print(f"# during: by their orders slabs would have {most} frames")
    rise, fall = ours["during"] - ours["before"], ours["during"] - ours["after"]
    up, down = theirs["during"] - theirs["before"], theirs["during"] - theirs["after"]
    verdict(near(rise, up, 0.05, 64) and near(fall, down, 0.05, 64),
            f"slab grew by {rise} frames and lost {fall}; by meminfo {up} and {down}")
    # Of the pass, which came first: looking at each descriptor of the victim makes the kernel
    # keep an inode and a name of /proc for it.
    passed = {s: slabs[s]["slab_frames"][0]["frames"] for s in STATES}
    verdict(passed == flags and slabs["during"]["slab_frames"][0]["part"] == "all",
            f"frames of slab by kpageflags: {passed}, counted anew {flags}")
    for s in STATES:
        later = sum((c["bytes"] or 0) // page - c["frames"] for c in slabs[s]["caches"]
                    if c["name"] in ("proc_inode_cache", "dentry") and c["frames"] is not None)
        print(f"# {s}: after the pass the recording itself made {later} frames of inodes and names "
              "of /proc")
    verdict(ours["during"] > 2 * ours["before"] and fall > 0.9 * rise,
            f"slab takes more than twice the memory, and gives nine of ten frames back: "
            f"{ours['before']}, {ours['during']}, {ours['after']}")


# ---- what the victim holds -----------------------------------------------------------------------

def compare_held():
    """Caches that nobody but the victim uses to speak of, and what it has in them."""
    with open(path("answers"), encoding="utf-8") as f:
        full, empty = (json.loads(line) for line in f)
    verdict(full["outcome"] == "filled" and empty["outcome"] == "emptied", "the victim did so")
    made = full["made"]
    held = {"sock_inode_cache": (full["sockets"], made),
            "shmem_inode_cache": (full["names"], made),
            "filp": (full["sockets"] + 2 * full["pipes"], 3 * made)}
    rows = {s: {c["name"]: c for c in slabs[s]["caches"]} for s in STATES}
    alias = {a["name"]: a["id"] for a in slabs["during"]["aliases"]}
    for name, (kept, most) in held.items():
        ident = next((i for i in (name, alias.get(name)) if i), name)
        b, d, a = (next((c for c in slabs[s]["caches"]
                         if c["name"] == name or c["id"] == ident), None) for s in STATES)
        if not (b and d and a):
            verdict(False, f"{name}: there; caches: {sorted(rows['during'])[:9]}")
            continue
        for state, c in zip(STATES, (b, d, a)):
            truth = counts(state, 2).get(c["id"], {})
            print(f"# {state}: {name}: {c['slabs']} slabs, {c['partial_slabs']} partial, room for "
                  f"{c['objects']}, {c['active_objects']} active; the kernel: {truth}")
        # Free objects that wait in sheaves count as active: two a CPU and up to ten in the barn of
        # a node, of 28 or so each.
        verdict(near(d["active_objects"] - b["active_objects"], kept, 0.03, 400),
                f"{name}: {d['active_objects'] - b['active_objects']} objects more, the victim "
                f"holds {kept}")
        verdict(near(d["objects"] - b["objects"], most, 0.03, 256),
                f"{name}: room for {d['objects'] - b['objects']} more, the victim made {most}")
        verdict(d["partial_slabs"] > 0.9 * d["slabs"] and
                d["partial_slabs"] > 20 * (b["partial_slabs"] + 1),
                f"{name}: nearly each slab is left half empty: {b['partial_slabs']}, then "
                f"{d['partial_slabs']} of {d['slabs']}")
        verdict(a["slabs"] <= b["slabs"] + 0.05 * (d["slabs"] - b["slabs"]),
                f"{name}: slabs come and go: {b['slabs']}, {d['slabs']}, {a['slabs']}")


# ---- edges ---------------------------------------------------------------------------------------

def strong(edges):
    return edges["over"]["strong"] + edges["under"]["strong"]


def show_edges():
    for s in STATES:
        p, m = near_user[s]["processes"][0], near_user[s]["system"]
        print(f"# {s}: {p['frames']} locked frames, strong edges {strong(p['edges'])}, attributed "
              f"{strong(p['attributed'])}, silent {p['effect']['silent']}, lift {p['lift']}, "
              f"{p['mixed_block_frames']} in mixed blocks; machine: over {m['edges']['over']['strong']}"
              f", lift {m['lift']}, {m['mixed_blocks']} mixed blocks")


def compare_edges():
    show_edges()
    b, d, a = (near_user[s]["processes"][0] for s in STATES)
    most = max(p["frames"] for p in (b, d, a))
    verdict(all(p["frames"] > 0.999 * most for p in (b, d, a)) and
            all(p["coverage"]["changed"] == 0 for p in (b, d, a)),
            f"the memory beside which slab comes and goes is the same: {most} frames")
    x, y, z = (strong(p["edges"]) for p in (b, d, a))
    verdict(y > 1000 + 20 * x and z < x + 0.05 * (y - x), f"strong edges come and go: {x}, {y}, {z}")
    x, y, z = (strong(p["attributed"]) for p in (b, d, a))
    verdict(y > 1000 + 20 * x and z < x + 0.05 * (y - x),
            f"so do those of known holders: {x}, {y}, {z}")
    x, y, z = (p["mixed_block_frames"] for p in (b, d, a))
    verdict(y > 1000 + 4 * x and z < x + 0.5 * (y - x),
            f"frames in blocks with slab come, and most of them go: {x}, {y}, {z}")
    x, y, z = (p["lift"] for p in (b, d, a))
    # Slab that stays may stand right beside it: a few edges, against which chance gives still fewer.
    verdict(y > 10 * x and y > 4 * z, f"lift goes up and down: {x}, {y}, {z}")


def compare_holders():
    """Who lies beside the memory is what grew, and has no more edges than frames have sides."""
    before, during = counts("before", 2), counts("during", 1)
    found, unnamed = {}, 0
    for e in near_user["during"]["processes"][0]["edge_list"]:
        if e["strength"] != "strong":
            continue
        if e["source_kind"] != "slab" or not e["source_owner"]:
            unnamed += 1
            continue
        name = e["source_owner"].split(" (also: ")[0]
        found[name] = found.get(name, 0) + 1
    total, grown = sum(found.values()) + unnamed, 0
    wrong = []
    for name, n in sorted(found.items(), key=lambda i: -i[1]):
        now = during.get(name)
        if not now:
            wrong.append(f"{name}: {n} edges, not in /sys/kernel/slab")
            continue
        more = now["slabs"] - before.get(name, {"slabs": 0})["slabs"]
        print(f"# during: {n} edges of {name}, which has {more} slabs more of order {now['order']}")
        grown += n if more > GREW else 0
        if n > 2 * max(now["slabs"], counts("during", 2)[name]["slabs"]) << now["order"]:
            wrong.append(f"{name}: {n} edges, more than its frames have sides")
    for line in wrong:
        print("# wrong: " + line)
    verdict(not wrong and total > 1000 and grown > 0.95 * total,
            f"{grown} of {total} strong edges are of caches that grew, {unnamed} of no cache")


slabs = {s: load(f"{s}.slab.json") for s in STATES}
near_user = {s: load(f"{s}.adjacency.json") for s in STATES}
for each in STATES:
    compare_counts(each)
compare_memory()
compare_held()
compare_edges()
compare_holders()
sys.exit(failed)
