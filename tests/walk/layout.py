#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where a kernel puts its linear map, its image and its other areas, drawn at random."""
from arch import GB, MASK64, MB, Arm64, Riscv, X86

TB = 1 << 40


class Layout:
    """delta: linear address - physical address. areas: name -> (start, size, in /proc/kcore)."""

    arch = None
    delta = image_va = ram_base = offset_mask = offset_base = 0
    has_image = True

    def __init__(self):
        self.areas = {}
        self.keys = {}  # of VMCOREINFO, beside those that depend on the image's place

    def finish(self, _image_pa, swapper_va):
        """Keys that depend on where the image and the root lie."""
        self.keys["SYMBOL(swapper_pg_dir)"] = f"{swapper_va:x}"

    def root_va(self, root_pa, image_pa):
        return root_pa - image_pa + self.image_va

    def offset(self, va):
        """Of an address in /proc/kcore, without the header's size."""
        return (va - self.offset_base) & self.offset_mask


class X86Layout(Layout):
    """Kernel text is mapped from 0xffffffff80000000; the other bases are randomised by 1 GiB."""

    ram_base = 0
    START = 0xFFFFFFFF80000000

    def __init__(self, rng, levels, largest, sme, small_offsets):
        super().__init__()
        self.arch = X86(levels, largest, (1 << sme) if sme else 0)
        five = levels == 5
        self.offset_mask = (1 << 56 if five else 1 << 47) - 1
        kaslr = rng.random() < 0.8
        room = (1 << 20 if small_offsets else 1 << 24) if five else 1 << 14
        base = 0xFF11000000000000 if five else 0xFFFF888000000000
        self.delta = base + (rng.randrange(room) * GB if kaslr else 0)
        vmalloc = (0xFFA0000000000000 if five else 0xFFFFC90000000000) + rng.randrange(1024) * GB
        vmemmap = (0xFFD4000000000000 if five else 0xFFFFEA0000000000) + rng.randrange(1024) * GB
        self.image_va = self.START + (rng.randrange(8, 360) * 2 * MB if kaslr else 16 * MB)
        self.areas = {
            "vmalloc": (vmalloc, 0x31FFFFFFFFFFFF if five else 0x1FFFFFFFFFFF, True),
            "vmemmap": (vmemmap, 0x800000, True),
            "modules": (0xFFFFFFFFC0000000, 0x3F000000, True),
            "cpu_entry": (0xFFFFFE0000000000, 512 * GB, False),
            "espfix": (0xFFFFFF0000000000, 512 * GB, False),
            "efi": (0xFFFFFFEF00000000 - 64 * GB, 64 * GB, False),
            "fixmap": (0xFFFFFFFFFF400000, 4 * MB, False),
        }
        self.keys["NUMBER(pgtable_l5_enabled)"] = str(int(five))
        self.keys["NUMBER(sme_mask)"] = str(self.arch.sme_mask)
        self.keys["KERNELOFFSET"] = f"{self.image_va - self.START - 16 * MB:x}"

    def finish(self, image_pa, swapper_va):
        super().finish(image_pa, swapper_va)
        self.keys["SYMBOL(init_top_pgt)"] = f"{swapper_va:x}"
        self.keys["NUMBER(phys_base)"] = str(image_pa - (self.image_va - self.START))


class I386Layout(Layout):
    """The image lies in the linear map; program headers are those of ELF32."""

    has_image = False
    offset_mask = 0xFFFFFFFF

    def __init__(self, rng, largest):
        super().__init__()
        self.arch = X86(3, largest)
        self.delta = self.offset_base = rng.choice([0xC0000000, 0x80000000])
        self.image_va = self.delta + 16 * MB
        start = 0xF0000000 + rng.randrange(64) * MB
        self.areas = {
            "vmalloc": (start, 0x7800000, True),
            "fixmap": (0xFFC00000, 3 * MB, False),
        }
        self.keys["CONFIG_X86_PAE"] = "y"


class Arm64Layout(Layout):
    """The linear map begins at the bottom of the run-time address space, randomised."""

    def __init__(self, rng, granule, va, build, largest, high_memory):
        super().__init__()
        self.arch = Arm64(granule, va, build, largest)
        smallest = (47 if granule == "16K" else 48) if build == 52 else build
        page_end = MASK64 + 1 - (1 << (smallest - 1))
        bottom = MASK64 + 1 - (1 << va)
        room = (page_end - bottom) // 2 // GB
        self.ram_base = rng.choice([0, GB, 2 * GB, 512 * GB])
        wide = 48 if va != 52 and granule != "64K" else 52
        if high_memory:
            self.ram_base += rng.randrange(1, (1 << (wide - 39)) - 1) << 39
        linear = bottom + rng.choice([0, rng.randrange(room) * GB])
        self.delta = (linear - self.ram_base) & MASK64
        self.image_va = page_end + 2 * GB + rng.randrange(1 << (smallest - 24)) * 2 * MB
        self.offset_mask = (1 << build) - 1
        top = MASK64 + 1 - (1 << (smallest - 4))
        self.areas = {
            "modules": (page_end, 2 * GB, True),
            "vmalloc": (page_end + 2 * GB, top - page_end - 4 * GB, True),
            "vmemmap": (top, 8 * MB, True),
            "fixmap": (0xFFFFFFFFFF000000, 8 * MB, False),
        }
        self.keys["NUMBER(VA_BITS)"] = str(build)
        self.keys["NUMBER(TCR_EL1_T1SZ)"] = f"{64 - va:#x}"
        physical = (MASK64 + 1 - (1 << build) - self.delta) & MASK64
        self.keys["NUMBER(PHYS_OFFSET)"] = f"{physical:#x}"
        self.keys["KERNELOFFSET"] = f"{self.image_va - page_end - 2 * GB:x}"

    def finish(self, image_pa, swapper_va):
        super().finish(image_pa, swapper_va)
        self.keys["NUMBER(kimage_voffset)"] = f"{(self.image_va - image_pa) & MASK64:#x}"


class RiscvLayout(Layout):
    """Offsets in /proc/kcore count from PAGE_OFFSET, and so are negative below it."""

    BASES = {39: 0xFFFFFFD600000000, 48: 0xFFFFAF8000000000, 57: 0xFF60000000000000}
    offset_mask = MASK64

    def __init__(self, rng, va, largest):
        super().__init__()
        self.arch = Riscv(va, largest)
        base = self.offset_base = self.BASES[va]
        self.ram_base = rng.choice([2 * GB, GB, 64 * GB])
        self.delta = base - self.ram_base
        self.image_va = 0xFFFFFFFF80000000 + rng.choice([0, rng.randrange(256) * 2 * MB])
        span = 32 * GB if va == 39 else 32 * TB
        bottom = base - span + (12 * GB if va == 39 else 16 * TB)
        self.areas = {
            "vmalloc": (bottom, base - bottom, True),  # ends where the linear map begins
            "vmemmap": (bottom - 4 * GB, 8 * MB, True),
            "fixmap": (bottom - 8 * GB, 16 * MB, False),
            "modules": (0xFFFFFFFF20000000, GB, True),
        }
        self.keys["NUMBER(VA_BITS)"] = str(va)
        self.keys["NUMBER(PAGE_OFFSET)"] = f"{base:#x}"
        self.keys["NUMBER(KERNEL_LINK_ADDR)"] = f"{self.image_va:#x}"
        self.keys["NUMBER(phys_ram_base)"] = str(self.ram_base)

    def finish(self, image_pa, swapper_va):
        super().finish(image_pa, swapper_va)
        self.keys["NUMBER(va_kernel_pa_offset)"] = f"{(self.image_va - image_pa) & MASK64:#x}"


ARM64_CHOICES = [  # granule, run-time bits, build bits
    ("4K", 39, 39), ("4K", 48, 48), ("4K", 52, 52), ("4K", 48, 52),
    ("16K", 47, 47), ("16K", 48, 48), ("16K", 52, 52), ("16K", 47, 52),
    ("64K", 42, 42), ("64K", 48, 48), ("64K", 52, 52), ("64K", 48, 52),
]


def draw(rng, opt):
    """A layout that meets the options; what they leave open is drawn."""
    name = opt.arch or rng.choice(["x86_64", "x86_64", "arm64", "arm64", "riscv64", "i386"])
    largest = {"page": 0, "block": 1, "huge": 2, None: rng.choice([0, 1, 1, 2])}[opt.leaf]
    if name == "x86_64":
        sme = opt.sme if opt.sme is not None else rng.choice([0, 0, 47, 51])
        return X86Layout(rng, opt.levels or rng.choice([4, 5]), largest, sme, opt.small_offsets)
    if name == "i386":
        return I386Layout(rng, largest)
    if name == "riscv64":
        levels = opt.levels or rng.choice([3, 4, 5])
        return RiscvLayout(rng, {3: 39, 4: 48, 5: 57}[levels], largest)
    choices = [c for c in ARM64_CHOICES
               if opt.granule in (None, c[0]) and opt.va_bits in (None, c[1])
               and opt.build_bits in (None, c[2])]
    if not choices:
        raise SystemExit("generate.py: no arm64 kernel has this granule and these sizes")
    return Arm64Layout(rng, *rng.choice(choices), largest, rng.random() < 0.5)
