#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""slabs.py DIR SAFEVMA: what `safevma slab` says of the recordings of a guest (tests/vm/jobs/slabs),
against an own count over the words of kpageflags, the kernel's counts of slabs, and the frames of the
victim. Prints lines that begin with "ok", "not ok" or "#".
"""
import json
import os
import re
import struct
import subprocess
import sys

folder, safevma = sys.argv[1:3]
failed = False

# include/uapi/linux/kernel-page-flags.h
UPTODATE, LRU, SLAB, BUDDY = 1 << 3, 1 << 5, 1 << 7, 1 << 10
MMAP, ANON, RESERVED = 1 << 11, 1 << 12, 1 << 32
SWAPBACKED, HUGE, HWPOISON = 1 << 14, 1 << 17, 1 << 19
NOPAGE, OFFLINE, ZERO, PGTABLE = 1 << 20, 1 << 23, 1 << 24, 1 << 26
OTHER = NOPAGE | HWPOISON | OFFLINE | BUDDY | SLAB | PGTABLE | ZERO


def verdict(good, text):
    global failed
    failed |= not good
    print(("ok " if good else "not ok ") + text)


def report(name, *arguments):
    out = subprocess.run([safevma, *arguments, "-J", "--root", os.path.join(folder, name)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if out.returncode:
        print("# %s: exit status %d: %s" % (name, out.returncode, out.stderr.decode()[:600]))
    verdict(not out.returncode, "%s of %s is complete" % (" ".join(arguments[:2]), name))
    return json.loads(out.stdout)


def words_of(path):
    with open(path, "rb") as f:
        data = f.read()
    return struct.unpack("<%dQ" % (len(data) // 8), data[:len(data) // 8 * 8])


def recorded(name, tag):
    """The words of a recording: its file has the extents one behind the other, which overlap."""
    with open(os.path.join(folder, name, "recording.json")) as f:
        op = next(o for o in json.load(f)["ops"]
                  if o["op"] == "open" and o["path"] == "/proc/kpageflags" and o["tag"] == tag)
    with open(os.path.join(folder, name, op["file"]), "rb") as f:
        data = f.read()
    ends = [int(str(at), 0) + n for at, n in op["extents"]]
    whole_file, where = bytearray(max(ends)), 0
    for at, n in op["extents"]:
        whole_file[int(str(at), 0):int(str(at), 0) + n] = data[where:where + n]
        where += n
    return struct.unpack("<%dQ" % (len(whole_file) // 8), whole_file)


def text_of(*path):
    with open(os.path.join(folder, *path)) as f:
        return f.read()


# ---- an own count -------------------------------------------------------------------------------

def is_user(word):
    """Mapped memory of processes, and not the kernel's own that they see (vdso, rings)."""
    return not word & OTHER and bool(word & MMAP) and bool(
        word & (LRU | ANON | SWAPBACKED | HUGE) or word & (UPTODATE | RESERVED) == UPTODATE)


def order_of_block(name):
    pages = re.search(r"^Pages per block:\s+(\d+)", text_of(name, "proc/pagetypeinfo@system"), re.M)
    return int(pages.group(1)).bit_length() - 1


def zones_of(name):
    found, zone, spanned = [], None, None
    for line in text_of(name, "proc/zoneinfo").splitlines():
        if line.startswith("Node "):
            zone = line.split()[-1]
        elif line.split()[:1] == ["spanned"]:
            spanned = int(line.split()[1])
        elif line.split()[:1] == ["start_pfn:"] and spanned:
            first = int(line.split()[1])
            found.append((first, first + spanned, zone))
    return found


def count(words, order, zones=(), selected=frozenset()):
    sums = dict.fromkeys(("frames", "user", "user_over", "tables", "tables_over", "selected",
                          "selected_over"), 0)
    sums["zones"] = {}
    slab, user = set(), set()
    for pfn, word in enumerate(words):
        if is_user(word):
            user.add(pfn >> order)
        if not word & SLAB or word & NOPAGE:
            continue
        slab.add(pfn >> order)
        sums["frames"] += 1
        for at, over in ((pfn - 1, 0), (pfn + 1, 1)):
            beside = words[at] if 0 <= at < len(words) else NOPAGE
            for what, true in (("user", is_user(beside)),
                               ("tables", beside & PGTABLE and not beside & SLAB),
                               ("selected", at in selected and not beside & OTHER)):
                sums[what] += bool(true)
                sums[what + "_over"] += bool(true) and over
        for first, end, zone in zones:
            if first <= pfn < end:
                sums["zones"][zone] = sums["zones"].get(zone, 0) + 1
    sums["blocks"], sums["shared_blocks"] = len(slab), len(slab & user)
    return sums


def told(row):
    sums = {m: row[m] for m in ("frames", "blocks", "shared_blocks")}
    sums.update(row["edges"])
    sums["zones"] = {z["zone"]: z["frames"] for z in row["zones"]}
    return sums


def differences(a, b, names):
    return ["%s: %s, counted %s" % (n, a[n], b[n]) for n in names if a[n] != b[n]]


# ---- one look -----------------------------------------------------------------------------------

SUMS = ("frames", "user", "user_over", "tables", "tables_over", "zones")


def whole(name, slab, selected=None):
    """All slab memory as counted in the same words; the parts, and the caches, add up to it."""
    words = recorded(name, "all")
    mine = count(words, order_of_block(name), zones_of(name), selected or frozenset())
    parts = {p["part"]: told(p) for p in slab["slab_frames"]}
    names = SUMS + ("blocks", "shared_blocks") + (("selected", "selected_over") if selected else ())
    wrong = differences(parts["all"], mine, names)
    print("# %s: counted %s" % (name, mine))
    verdict(mine["frames"] > 1000 and mine["tables"] > 0, "%s: slab memory to count" % name)
    verdict(not wrong, "%s: frames, zones, blocks and edges are as an own count has them %s" %
            (name, "; ".join(wrong)))
    wrong = []
    for n in names[:5] + (("selected", "selected_over") if selected else ()):
        total = sum(parts[p][n] for p in ("caches", "kfence", "unnamed", "changed"))
        caches = sum(c["frames"] if n == "frames" else c["edges"][n] for c in slab["caches"])
        if total != mine[n] or caches != parts["caches"][n]:
            wrong.append("%s: parts %d, caches %d of %d" % (n, total, caches, mine[n]))
    zones = {}
    for c in slab["caches"]:
        for z in c["zones"]:
            zones[z["zone"]] = zones.get(z["zone"], 0) + z["frames"]
        if sum(z["frames"] for z in c["zones"]) != c["frames"] or sum(
                n["frames"] for n in c["nodes"]) != c["frames"]:
            wrong.append("%s: zones do not add up" % c["name"])
    if zones != parts["caches"]["zones"]:
        wrong.append("zones %s, caches %s" % (parts["caches"]["zones"], zones))
    verdict(not wrong, "%s: parts and caches add up %s" % (name, "; ".join(wrong[:5])))
    verdict(parts["unnamed"]["frames"] == 0, "%s: no slab memory is without a cache" % name)
    print("# %s: %d of %d frames changed meanwhile, %d of KFENCE" % (
        name, parts["changed"]["frames"], mine["frames"], parts["kfence"]["frames"]))
    keys = [(c["edges"]["user"], c["edges"]["tables"], c["bytes"] or 0) for c in slab["caches"]]
    verdict(keys == sorted(keys, reverse=True), "%s: sorted by exposure" % name)
    return mine


def sysfs(path):
    rows = {}
    for line in text_of(path).splitlines():
        name, slabs, *_ = line.rsplit(maxsplit=4)
        rows[name] = int(slabs)
    return rows


def slabs_of_caches(slab):
    before, after = sysfs("sysfs-before"), sysfs("sysfs-after")
    wrong, sums, moved = [], 0, 0
    for c in slab["caches"]:
        seen = [n for n in (before.get(c["id"]), after.get(c["id"]), c["slabs"]) if n is not None]
        if not seen or c["id"] not in before:
            wrong.append("%s: not listed" % c["name"])
            continue
        sums += c["found_slabs"]
        moved += max(seen) - min(seen)
        if not min(seen) <= c["found_slabs"] <= max(seen):
            wrong.append("%s: %d slabs, the kernel counts %s" % (c["name"], c["found_slabs"], seen))
        elif min(seen) == max(seen) and c["found_slabs"] << c["order"] < c["frames"]:
            wrong.append("%s: %d frames of %d slabs" % (c["name"], c["frames"], c["found_slabs"]))
    verdict(sums > 500 and not wrong, "slabs of each cache are what the kernel counts: %d, %d "
            "changed meanwhile %s" % (sums, moved, "; ".join(wrong[:8])))


def around(slab):
    """The kernel's words just before and after: what did not change between them bounds it."""
    before = words_of(os.path.join(folder, "flags-before"))
    after = words_of(os.path.join(folder, "flags-after"))
    order = order_of_block("look")
    a, b = count(before, order), count(after, order)
    moved = sum(x != y for x, y in zip(before, after))
    mine = told(next(p for p in slab["slab_frames"] if p["part"] == "all"))
    wrong = ["%s: %d, %d before, %d after" % (n, mine[n], a[n], b[n])
             for n in SUMS[:5] if not min(a[n], b[n]) - moved <= mine[n] <= max(a[n], b[n]) + moved]
    verdict(not wrong, "between two readings of the flags, of which %d of %d words differ: %s" %
            (moved, len(before), "; ".join(wrong)))


OWNED = re.compile(rb"^PFN (0x[0-9a-f]+|\d+) type \w+ Block \d+ type (\w+) ", re.M)


def kinds(slab):
    """What pageblocks are kept for, by page_owner where it is on; a slab has a record."""
    with open(os.path.join(folder, "owner"), "rb") as f:
        found = {int(pfn, 0): kind for pfn, kind in OWNED.findall(f.read())}
    words, order = recorded("look", "all"), order_of_block("look")
    blocks, known = set(), {pfn >> order: kind for pfn, kind in found.items()}
    for pfn, word in enumerate(words):
        if word & SLAB and not word & NOPAGE:
            blocks.add(pfn >> order)
    parts = {p["part"]: p["movable_blocks"] for p in slab["slab_frames"]}
    movable = sum(known.get(b) == b"Movable" for b in blocks)
    unknown = [b for b in blocks if b not in known]
    print("# kinds: %d of %d blocks with slab are movable, of %d page_owner says nothing" %
          (movable, len(blocks), len(unknown)))
    verdict(parts["all"] is not None and movable <= parts["all"] <= movable + len(unknown),
            "kinds: %s blocks are movable, by page_owner %d" % (parts["all"], movable))


# ---- with a process, and over a time ------------------------------------------------------------

def selection():
    with open(os.path.join(folder, "victim.jsonl")) as f:
        pid = str(json.loads(f.readline()).get("pid") or 0)
    for line in text_of("victim.jsonl").splitlines():
        pid = str(json.loads(line)["pid"]) if json.loads(line).get("ready") else pid
    slab = report("recording", "slab", "-p", pid)
    frames = report("recording", "frames", "-p", pid)
    selected = set()
    for p in frames["processes"]:
        for run in p["runs"]:
            if run["pfn"]:
                selected.update(range(int(run["pfn"], 0), int(run["pfn"], 0) + run["pages"]))
    print("# recording: %d frames of the victim" % len(selected))
    verdict(len(selected) > 100, "recording: the victim has frames")
    whole("recording", slab, selected)


def slab_blocks(tag):
    order = order_of_block("grow")
    return {pfn >> order for pfn, word in enumerate(recorded("grow", tag))
            if word & SLAB and not word & NOPAGE}


def movable(rows):
    """Blocks that are new to slab, but for as many as could have been kept for it, were movable."""
    first = next(p for p in report("grow", "slab")["slab_frames"] if p["part"] == "all")
    other = 0
    heads = []
    for line in text_of("grow", "proc/pagetypeinfo@system").splitlines():
        words = line.split()
        if line.startswith("Number of blocks type"):
            heads = words[4:]
        elif heads and line.startswith("Node"):
            other += sum(int(n) for h, n in zip(heads, words[4:]) if h != "Movable")
    new = slab_blocks("slab.frames-end") - slab_blocks("all")
    at_least = len(new) - max(0, other - (first["blocks"] - first["movable_blocks"]))
    told_ = sum(r["entered_movable_blocks"] for r in rows)
    entered = sum(r["entered_blocks"] for r in rows)
    at_least = max(0, at_least)
    verdict(at_least <= told_ <= entered and all(
        r["new_frames_movable"] <= r["new_frames"] for r in rows),
            "grow: of %d blocks new to slab at least %d were movable: caches entered %d such" %
            (len(new), at_least, told_))


def grown():
    report_ = report("grow", "slab", "--grow")
    rows = {r["name"]: r for r in report_["grown"]}
    print("# grow: " + json.dumps(report_["window"]))
    for r in report_["grown"][:6]:
        print("# grow: " + json.dumps(r))
    for tag, when in (("all", "before"), ("slab.frames-end", "after")):
        mine = count(recorded("grow", tag), order_of_block("grow"))
        window = report_["window"][when]
        wrong = ["%s: %d, counted %d" % (n, window[n], mine[m]) for n, m in (
            ("frames", "frames"), ("blocks", "blocks"), ("shared_blocks", "shared_blocks"),
            ("user_edges", "user"), ("table_edges", "tables")) if window[n] != mine[m]]
        verdict(not wrong, "grow: the sums %s are as counted %s" % (when, "; ".join(wrong)))
    # 20000 files: a name each, and an inode of tmpfs each, of which a slab has few dozen.
    for name, at_least in (("dentry", 20000 // 42), ("shmem_inode_cache", 20000 // 64)):
        r = rows.get(name, {"frames_gained": 0, "new_frames": 0, "slabs_gained": 0})
        verdict(r["slabs_gained"] >= at_least and r["new_frames"] >= r["frames_gained"] > 0,
                "grow: %s grew by %d slabs, %d new frames" % (name, r["slabs_gained"],
                                                              r["new_frames"]))
    wrong = [r["name"] for r in report_["grown"]
             if r["new_frames"] - r["left_frames"] != r["frames_gained"] or
             r["frames_after"] - r["frames_before"] != r["frames_gained"]]
    verdict(not wrong, "grow: new and left frames are what was gained %s" % " ".join(wrong))
    movable(report_["grown"])
    gained = sum(r["frames_gained"] for r in report_["grown"])
    total = report_["window"]["after"]["frames"] - report_["window"]["before"]["frames"]
    verdict(abs(gained - total) <= 16, "grow: caches gained %d frames, all slab memory %d" %
            (gained, total))
    return report_


look = report("look", "slab")
whole("look", look)
slabs_of_caches(look)
around(look)
verdict(all(p["movable_blocks"] is not None for p in look["slab_frames"]),
        "look: what pageblocks are kept for is told")
if os.path.getsize(os.path.join(folder, "owner")) > 0:
    kinds(look)
selection()
grown()
sys.exit(failed)
