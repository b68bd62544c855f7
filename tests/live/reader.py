#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An independent reader of a process's memory, to compare safevma with.

    reader.py [--no-pages] PID >reader.json

Shares no code with the tool: everything is read and decided anew from /proc/PID/{maps,smaps,pagemap}
and /proc/kpage{flags,count,cgroup}. Needs root. The pagemap is read before and after the frames, and
pages whose entry differs are flagged "changed"; VMAs that come, go or change are too.

Output, one object:
  pid, page_size, release, vmas_changed,
  vmas: [{start, end, perms, offset, inode, path, readable, secretmem, smaps: {key: bytes}, vm_flags,
          present, exclusive, swapped, guard, zero, changed     (numbers of pages)
          pages: [{vaddr, present, pfn, exclusive, swapped, guard, changed,
                   class, flags, mapcount, locked, below, above, frame_changed}]}]
secretmem is told by the magic number of the file system, for anyone can name a file /secretmem.
pages holds only pages that have an entry; pfn is null when the kernel hides it. below and above are
the classes of the frames beside; frame_changed says that one of the three was not the same twice.
"""
import argparse
import array
import ctypes
import errno
import fcntl
import json
import os
import struct

PAGE = os.sysconf("SC_PAGE_SIZE")

# pagemap entry
PRESENT, SWAP, FILE, GUARD, EXCLUSIVE, SOFT_DIRTY = 1 << 63, 1 << 62, 1 << 61, 1 << 58, 1 << 56, 1 << 55
PFN_MASK = (1 << 55) - 1
# Soft-dirty and file bits alone say nothing: new VMAs start soft-dirty.
HAS_ENTRY = PRESENT | SWAP | GUARD

# kpageflags
UPTODATE, LRU, SLAB, BUDDY, MMAP, ANON, SWAPBACKED = (1 << b for b in (3, 5, 7, 10, 11, 12, 14))
HEAD, TAIL, HUGE, UNEVICTABLE, HWPOISON, NOPAGE = (1 << b for b in (15, 16, 17, 18, 19, 20))
OFFLINE, ZERO, PGTABLE, RESERVED, MLOCKED = (1 << b for b in (23, 24, 26, 32, 33))
THP = 1 << 22

SECRETMEM_MAGIC = 0x5345434D

# PAGEMAP_SCAN, linux/fs.h
SCAN = 0xC0606610
SCAN_PRESENT, SCAN_SWAPPED = 1 << 3, 1 << 4
SCAN_FROM = 1 << 30  # VMAs of this size and up are scanned, smaller ones read through
CHUNK = 1 << 17      # entries in one read


def read_file(path):
    with open(path, "rb", buffering=0) as f:
        parts = []
        while part := f.read(1 << 20):
            parts.append(part)
        return b"".join(parts)


def parse_maps(text):
    """Start, end, perms, offset, inode, path (the bytes as the kernel wrote them) of each VMA."""
    vmas = []
    for line in text.split(b"\n"):
        if not line:
            continue
        fields = line.split(b" ", 5)
        start, end = (int(x, 16) for x in fields[0].split(b"-"))
        # What follows the device: the inode, blanks that pad it, the name.
        inode, name = fields[4], fields[5] if len(fields) > 5 else b""
        vmas.append({
            "start": start, "end": end, "perms": fields[1].decode(), "offset": int(fields[2], 16),
            "device": fields[3].decode(), "inode": int(inode),
            "path": name.lstrip(b" ").decode("utf-8", "backslashreplace"),
        })
    return vmas


def parse_smaps(text):
    """By start address: sizes in bytes and the flags."""
    result, now = {}, None
    for line in text.split(b"\n"):
        if not line:
            continue
        word = line.split(b" ", 1)[0]
        if not word.endswith(b":"):
            now = result.setdefault(int(word.split(b"-")[0], 16), {"smaps": {}, "vm_flags": []})
            continue
        key, fields = word[:-1].decode(), line.split()[1:]
        if key == "VmFlags":
            now["vm_flags"] = [f.decode() for f in fields]
        elif len(fields) == 2 and fields[1] == b"kB":
            now["smaps"][key] = int(fields[0]) * 1024
    return result


class Pagemap:
    def __init__(self, pid):
        self.fd = os.open(f"/proc/{pid}/pagemap", os.O_RDONLY)
        self.scans = True

    def read_range(self, start, end, found):
        """Entries of [start, end) that say something, into found; False when there are none."""
        at, whole = start // PAGE, True
        while at < end // PAGE:
            data = os.pread(self.fd, min(CHUNK, end // PAGE - at) * 8, at * 8)
            if not data:
                return False
            entries = array.array("Q", data)
            for i, entry in enumerate(entries):
                if entry & HAS_ENTRY:
                    found[(at + i) * PAGE] = entry & ~SOFT_DIRTY
            at += len(entries)
        return whole

    def scan(self, start, end):
        """Extents of [start, end) that are populated."""
        extents, vec = [], bytearray(1024 * 24)
        address = struct.unpack("Q", struct.pack("Q", addressof(vec)))[0]
        while start < end:
            arg = bytearray(struct.pack("12Q", 96, 0, start, end, 0, address, 1024, 0,
                                        0, 0, SCAN_PRESENT | SCAN_SWAPPED,
                                        SCAN_PRESENT | SCAN_SWAPPED))
            count = fcntl.ioctl(self.fd, SCAN, arg, True)
            for i in range(count):
                extents.append(struct.unpack_from("2Q", vec, i * 24))
            start = struct.unpack_from("Q", arg, 32)[0]
        return extents

    def read_vma(self, vma, found):
        start, end = vma["start"], vma["end"]
        if end - start < SCAN_FROM or not self.scans:
            return self.read_range(start, end, found)
        try:
            extents = self.scan(start, end)
        except OSError as e:
            if e.errno not in (errno.ENOTTY, errno.EINVAL):
                raise
            self.scans = False
            return self.read_range(start, end, found)
        for a, b in extents:
            self.read_range(a, b, found)
        return True


def addressof(buf):
    return ctypes.addressof((ctypes.c_char * len(buf)).from_buffer(buf))


class Frames:
    """kpageflags, kpagecount and kpagecgroup, each frame read once."""

    def __init__(self):
        self.fd = {n: os.open("/proc/" + n, os.O_RDONLY) for n in ("kpageflags", "kpagecount")}
        try:
            self.fd["kpagecgroup"] = os.open("/proc/kpagecgroup", os.O_RDONLY)
        except FileNotFoundError:
            pass
        self.values = {name: {} for name in self.fd}

    def load(self, pfns):
        """Reads these frames, with runs that lie close together in one go."""
        pfns = sorted(p for p in pfns if p >= 0 and p not in self.values["kpageflags"])
        i = 0
        while i < len(pfns):
            j = i
            while j + 1 < len(pfns) and pfns[j + 1] - pfns[j] < 64 and pfns[j + 1] - pfns[i] < CHUNK:
                j += 1
            for name in self.fd:
                self.read_run(name, pfns[i], pfns[j] + 1)
            i = j + 1

    def read_run(self, name, first, end):
        data = os.pread(self.fd[name], (end - first) * 8, first * 8)
        for i, value in enumerate(array.array("Q", data)):
            self.values[name][first + i] = value

    def get(self, name, pfn):
        if name not in self.values:
            return 0
        if pfn not in self.values[name]:
            self.load([pfn])
        return self.values[name].get(pfn)

    def head_of(self, pfn):
        """PFN of the head of the compound page that this tail belongs to, or None."""
        at = pfn
        while at > 0 and pfn - at < 1 << 18:
            at -= 1
            flags = self.get("kpageflags", at)
            if flags is None or not flags & (HEAD | TAIL):
                return None
            if flags & HEAD:
                return at
        return None

    def flags(self, pfn):
        """Flags, with those of the head where an older kernel leaves the tails without."""
        flags = self.get("kpageflags", pfn)
        if flags is None or not flags & TAIL or flags & (LRU | SWAPBACKED | SLAB | HUGE):
            return flags
        head = self.head_of(pfn)
        if head is None:
            return flags
        user = LRU | SWAPBACKED | MLOCKED | UNEVICTABLE | ANON | MMAP
        return flags | self.get("kpageflags", head) & user

    def class_of(self, pfn):
        if pfn < 0:
            return "nopage"
        flags = self.flags(pfn)
        if flags is None:
            return "nopage"
        for bit, name in ((NOPAGE, "nopage"), (HWPOISON, "hwpoison"), (OFFLINE, "offline"),
                          (BUDDY, "free"), (SLAB, "slab"), (PGTABLE, "pgtable"), (ZERO, "zero"),
                          (HUGE, "hugetlb"), (ANON, "anon"), (SWAPBACKED, "shmem")):
            if flags & bit:
                return name
        if flags & LRU or flags & MMAP and flags & UPTODATE and not flags & RESERVED:
            return "file"
        if flags & RESERVED:
            return "reserved"
        if flags & (HEAD | TAIL):
            return "kernel-compound"
        return "kernel-charged" if self.get("kpagecgroup", pfn) else "unclassified"


def is_secretmem(pid, vma):
    """None when it cannot be told."""
    if not vma["inode"]:
        return False
    libc, buf = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(256)
    path = f"/proc/{pid}/map_files/{vma['start']:x}-{vma['end']:x}"
    if libc.statfs(path.encode(), buf):
        return None
    return ctypes.c_long.from_buffer(buf).value == SECRETMEM_MAGIC


def swap_files():
    """Number of swap files in use: an entry with a higher type is no swap."""
    try:
        return max(0, read_file("/proc/swaps").count(b"\n") - 1)
    except FileNotFoundError:
        return 0


def is_swap(entry, files):
    return bool(entry & SWAP) and not entry & (PRESENT | GUARD) and entry & 0x1F < files


def page_object(vaddr, entry, changed, frames, again, files):
    page = {"vaddr": hex(vaddr), "present": bool(entry & PRESENT), "pfn": None,
            "exclusive": bool(entry & EXCLUSIVE), "swapped": is_swap(entry, files),
            "guard": bool(entry & GUARD), "changed": changed}
    pfn = entry & PFN_MASK
    if not page["present"] or not pfn:
        return page
    beside = [frames.class_of(p) for p in (pfn - 1, pfn, pfn + 1)]
    page.update({
        "pfn": hex(pfn), "class": beside[1], "flags": hex(frames.get("kpageflags", pfn)),
        "mapcount": frames.get("kpagecount", pfn), "locked": bool(frames.flags(pfn) & MLOCKED),
        "below": beside[0], "above": beside[2],
        "frame_changed": beside != [again.class_of(p) for p in (pfn - 1, pfn, pfn + 1)],
    })
    return page


def with_neighbours(entries):
    pfns = {e & PFN_MASK for e in entries.values() if e & PRESENT and e & PFN_MASK}
    return pfns | {p - 1 for p in pfns} | {p + 1 for p in pfns}


def vma_object(vma, smaps, pages):
    result = dict(vma, start=hex(vma["start"]), end=hex(vma["end"]), offset=hex(vma["offset"]))
    result.update(smaps.get(vma["start"], {"smaps": {}, "vm_flags": []}))
    for key in ("present", "exclusive", "swapped", "guard", "changed"):
        result[key] = sum(p[key] for p in pages)
    result["zero"] = sum(p.get("class") == "zero" for p in pages)
    result["pages"] = pages
    return result


def read_process(pid, with_pages):
    vmas = parse_maps(read_file(f"/proc/{pid}/maps"))
    smaps = parse_smaps(read_file(f"/proc/{pid}/smaps"))
    pagemap = Pagemap(pid)
    found, later = {v["start"]: {} for v in vmas}, {v["start"]: {} for v in vmas}
    for v in vmas:
        v["readable"] = pagemap.read_vma(v, found[v["start"]])
        v["secretmem"] = is_secretmem(pid, v)
    entries = {a: e for part in found.values() for a, e in part.items()}
    frames, again = Frames(), Frames()
    frames.load(with_neighbours(entries))
    for v in vmas:
        pagemap.read_vma(v, later[v["start"]])
    again.load(with_neighbours(entries))
    vmas_later = parse_maps(read_file(f"/proc/{pid}/maps"))
    files = swap_files()

    def pages_of(start):
        a, b = found[start], later[start]
        return [page_object(x, b.get(x, a.get(x)), a.get(x) != b.get(x), frames, again, files)
                for x in sorted(a.keys() | b.keys())]

    key = ("start", "end", "perms", "path")
    was, now = ({tuple(v[k] for k in key) for v in part} for part in (vmas, vmas_later))
    result = {"pid": pid, "page_size": PAGE, "release": os.uname().release,
              "vmas_changed": len(was ^ now), "vmas": []}
    for v in vmas:
        result["vmas"].append(vma_object(v, smaps, pages_of(v["start"])))
        if not with_pages:
            del result["vmas"][-1]["pages"]
    return result


def main():
    parser = argparse.ArgumentParser(description="independent reader of a process's memory")
    parser.add_argument("--no-pages", action="store_true", help="totals of the VMAs alone")
    parser.add_argument("pid", type=int)
    args = parser.parse_args()
    print(json.dumps(read_process(args.pid, not args.no_pages)))


if __name__ == "__main__":
    main()
