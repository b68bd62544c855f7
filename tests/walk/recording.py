#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A recording as lib/iface/recorder.c writes it, of a made-up machine.

FILES lists what a run reads beside /proc/kcore; a reading that a command makes and that is not
listed comes out as "not recorded". Add a line here, or give more with generate.py --files.
"""
import json
import os

ENOENT = 2
HEAD = ('{"schema":"safevma.recording/1","tool":{"name":"safevma","version":"0.1.0"},'
        '"redacted":false,"discloses":["physical frame numbers and flags"],'
        '"contains_page_contents":false,"ops":[\n')

NOTES = {  # name -> text, with the members of the machine put in
    "system": "release 6.12.0-made-up\nmachine {machine}\npage_size {page_size}\n"
              "clock_ticks 100\n",
    "features": "pfn_visible 1\npagemap_scan 0\nprocmap_query 0\n",
    "privileges": "euid 0\neffective 0x1ffffffffff\n",
    "self": "pid 61\n",
    "clock.from": "realtime_ns 1795365942896309750\nboottime_ns 5896309750\n",
    "clock.to": "realtime_ns 1795365951920873750\nboottime_ns 14920873750\n",
    "cost": "cpu_us 1000\nmax_rss_kb 4000\nbytes_read 100000\nlock_reads 0\nlongest_read_us 0\n",
}

FILES = [  # path, tags, text or errno
    ("/proc/sys/kernel/random/boot_id", ["", "doctor"], "8ce2ff0e-5c5b-4a5e-9a3c-7f7b2a6d1e11\n"),
    ("/proc/cpuinfo", ["", "doctor"], "processor\t: 0\nvendor_id\t: made-up\n\n"),
    ("/sys/hypervisor/type", ["", "doctor"], ENOENT),
    ("/sys/class/dmi/id/sys_vendor", ["", "doctor"], ENOENT),
    ("/proc/swaps", ["", "system", "doctor"],
     "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    ("/proc/zoneinfo", ["", "system", "doctor", "kernel"], "{zoneinfo}"),
    ("/proc/iomem", ["", "system", "doctor", "kernel"], "{iomem}"),
    ("/proc/meminfo", ["", "system", "doctor", "kernel"], "{meminfo}"),
    ("/proc/vmstat", ["system"], "nr_free_pages 1\n"),
    ("/proc/pagetypeinfo", ["", "system"], ENOENT),
    ("/proc/cmdline", ["", "doctor", "system"], "quiet\n"),
    ("/proc/config.gz", ["", "doctor"], ENOENT),
    ("/boot/config-6.12.0-made-up", [""], ENOENT),
    ("/proc/sys/vm/overcommit_memory", ["", "system", "doctor"], "0\n"),
    ("/proc/sys/vm/overcommit_ratio", ["", "system", "doctor"], "50\n"),
    ("/proc/sys/vm/overcommit_kbytes", ["", "system", "doctor"], "0\n"),
    ("/sys/module/secretmem/parameters/enable", ["", "doctor", "kernel"], ENOENT),
    ("/sys/kernel/security/lockdown", ["", "doctor", "kernel"], ENOENT),
    ("/sys/kernel/debug/page_tables/kernel", ["", "doctor", "kernel"], ENOENT),
    ("/sys/kernel/debug/kernel_page_tables", ["", "doctor", "kernel"], ENOENT),
]


def zoneinfo(machine):
    page, ram = machine.page, list(machine.ram)
    zones = [("Normal", max(machine.ram.lo // page, 0), machine.ram.hi // page,
              sum(hi - lo for lo, hi in ram) // page)]
    if machine.arch.name == "i386":
        end = machine.ram.hi // page
        zones.append(("HighMem", end, end + 4096, 4096))
    out = ""
    for name, start, end, present in zones:
        out += (f"Node 0, zone {name:>8}\n  pages free     {present // 2}\n"
                f"        spanned  {end - start}\n        present  {present}\n"
                f"        managed  {present}\n  start_pfn:           {start}\n")
    return out


def iomem(machine):
    out = "".join(f"{lo:08x}-{hi - 1:08x} : System RAM\n" for lo, hi in machine.ram)
    if machine.arch.name == "i386":
        lo = machine.ram.hi
        out += f"{lo:08x}-{lo + 4096 * machine.page - 1:08x} : System RAM\n"
    return out


def meminfo(machine):
    total = sum(hi - lo for lo, hi in machine.ram) // 1024
    return f"MemTotal:       {total:8} kB\nMemFree:        {total // 2:8} kB\n"


def number(n):
    """Numbers of JSON are safe up to 53 bits: larger offsets are text."""
    return hex(n) if n >> 53 else n


class Recording:
    """A directory; finish() writes the journal."""

    def __init__(self, directory):
        self.directory, self.ops = directory, []
        os.makedirs(directory, mode=0o700, exist_ok=True)
        if os.listdir(directory):
            raise SystemExit(f"generate.py: {directory} is not empty")

    def member(self, name, data):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)

    def note(self, tag, text):
        name, data = f"proc@note@{tag}", text.encode()
        self.member(name, data)
        self.ops.append({"op": "note", "path": "/proc", "tag": tag, "start": "0x0", "end": "0x0",
                         "errno": 0, "file": name, "length": len(data)})

    def file(self, path, tag, extents, ends):
        name = path[1:] + (f"@{tag}" if tag else "")
        self.member(name, b"".join(data for _, data in extents))
        self.ops.append({"op": "open", "path": path, "tag": tag, "errno": 0, "file": name,
                         "extents": [[number(at), len(data)] for at, data in extents],
                         "ends": [[number(at), errno] for at, errno in ends]})

    def text(self, path, tag, text):
        data = text.encode()
        self.file(path, tag, [[0, data]] if data else [], [[len(data), 0]])

    def error(self, path, tag, errno):
        self.ops.append({"op": "open", "path": path, "tag": tag, "errno": errno})

    def finish(self):
        lines = [json.dumps(op, separators=(",", ":")) for op in self.ops]
        text = HEAD + ",\n".join(lines) + ',\nnull],"complete":true}\n'
        self.member("recording.json", text.encode())


def write(directory, machine, extents, ends, tags, more):
    """more: further (path, tags, text or errno), as FILES has them."""
    values = {"machine": machine.arch.machine, "page_size": machine.page,
              "zoneinfo": zoneinfo(machine), "iomem": iomem(machine),
              "meminfo": meminfo(machine)}
    r = Recording(directory)
    for tag, text in NOTES.items():
        r.note(tag, text.format(**values))
    for path, file_tags, content in [*FILES, *more]:
        for tag in file_tags:
            if isinstance(content, int):
                r.error(path, tag, content)
            else:
                r.text(path, tag, content.format(**values))
    for tag in tags:
        r.file("/proc/kcore", tag, extents, ends)
    r.finish()
