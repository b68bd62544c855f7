// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What `safevma explain` knows: terms, and the changes, classes and flags out of their own tables.
 */
#include <string.h>

#include "iface/kpage.h"
#include "measure/locks.h"
#include "model/frame.h"
#include "model/series.h"
#include "safevma.h"

static const struct safevma_topic terms[] = {
	{ "frame", "term", "one physical page",
		"A frame is one base page of physical memory; its number is the PFN. The size of a "
		"page is a property of the machine. Without CAP_SYS_ADMIN in the initial user "
		"namespace the kernel hides frame numbers; safevma then shows them as unknown and "
		"never as 0." },
	{ "linear-map", "term", "the kernel's own view of all RAM",
		"The kernel maps (nearly) all RAM once more, writable, at one distance from the "
		"physical addresses. Every frame of a process therefore has a second address, its "
		"alias, through which a wrong write in the kernel can change it without any fault. "
		"safevma linear shows how much of RAM it reaches." },
	{ "alias", "term", "a frame's address in the linear map, and what may be done there",
		"rw: the kernel may write there. ro: it may only read, as its own code and what "
		"it protects. Column APERM of frames; known only where the page tables were "
		"read." },
	{ "reach", "term", "whether the linear map reaches a frame",
		"mapped: the linear map has a valid entry for the frame; rw or ro says what the "
		"entry allows. removed: it has none. unknown: that could not be told, or what was "
		"read contradicts itself. A frame that is removed may still be mapped at another "
		"kernel address: see other-mappings. Page tables are shown, not what a CPU still "
		"has cached of them." },
	{ "other-mappings", "term", "further kernel addresses of a frame",
		"Beside the linear map the kernel maps frames elsewhere: vmalloc, its image, fixed "
		"addresses. Such an address lets a wrong write land although the linear map lacks "
		"the frame. They are looked for of frames in pools, of all with --aliases; where "
		"they were not looked for they are unknown, never none." },
	{ "basis", "term", "how something is known",
		"observed: read from this system's own page tables. inferred: a documented "
		"mechanism holds here. assumed: the default of the architecture. Reach is "
		"observed where /proc/kcore (or a dump of page tables) can be read; see "
		"page-tables." },
	{ "sharing", "term", "frames that more than one process maps",
		"read-only and cow (copied at the first write) are expected: what one does the "
		"other does not see. outgoing: the process may write what another reads. bleeding: "
		"another one may write it; bleeding-outside: and that one was neither selected nor "
		"named with --group. Processes with one memory, as threads and a child of vfork "
		"have, share nothing: they are one. safevma share shows each pair of VMAs." },
	{ "unexplained", "term", "a frame that is mapped more often than anybody accounts for",
		"The kernel counts for each frame how many page-table entries map it. Where all "
		"processes were looked into and it is more than was found, something else maps the "
		"frame. Where one could not be read it may be that one, and the number is unknown; "
		"where the count is what was found, nothing else maps it, whoever was not read." },
	{ "survives-exec", "term", "a descriptor that the next program inherits",
		"exec drops every mapping and none of the descriptors that are not closed by it "
		"(O_CLOEXEC, which is no default of memfd_create and memfd_secret). Whoever has "
		"the "
		"descriptor can map the memory again. Column SURVIVES of safevma share." },
	{ "would-fit", "term", "whether a process would get so much more memory",
		"commit --would-fit walks the limits in the order in which the kernel meets them. "
		"map: mmap fails there and then (resource limits, overcommit). touch: the mapping "
		"is granted, and the first touch waits or makes the OOM killer choose (control "
		"groups, the machine). Up to FITS it passes for certain, beyond FITS-MOST it does "
		"not; between them the answer is unknown. It holds for the moment." },
	{ "oom-order", "term", "who is killed first when memory runs out",
		"The process with the most points: what it has resident, in swap and in page "
		"tables, and oom_score_adj thousandths of all memory. RANK and RANK-LAST are the "
		"earliest and the latest place; they differ where scores are equal or cannot be "
		"read. A group whose limit is met has an order of its own. oom_score_adj -1000 "
		"spares a process; where all of a group are spared, one that needs memory waits "
		"without end." },
	{ "pressure", "term", "time that is lost waiting for memory, a CPU or a device",
		"Pressure stall information of the kernel: some is the share of time in which at "
		"least one task stood still for want of it, full that in which all did. A share "
		"above 0 of memory means that something waited for reclaim, compaction or a page "
		"read back." },
	{ "page-tables", "term", "where it stands which frames the kernel maps",
		"They are walked through /proc/kcore, which takes no lock on them, needs "
		"CAP_SYS_RAWIO and is closed by lockdown=confidentiality. kcore also shows all "
		"memory of the kernel: of it only headers, notes and page tables are read. The "
		"dump in debugfs tells of the linear map too, but the kernel holds a lock while it "
		"writes it: it is read where there is no kcore at all, or with --page-tables=dump "
		"or both." },
	{ "edge", "term", "a frame with kernel memory right beside it",
		"An edge is a source, kernel memory from which an overrun can start, next to a "
		"frame "
		"of interest. over: the source lies below, its overflow runs into us. under: it "
		"lies "
		"above. Counts are an interval: strong sources for certain, unclassified ones "
		"perhaps; the truth lies between strong and strong + unclassified." },
	{ "source", "term", "kernel memory from which an overrun can start",
		"Strong sources are slab and compound kernel memory (large kmalloc). Unclassified "
		"ones are frames of which nothing tells that they are not kernel memory: no flags "
		"at all, charged kernel memory, reserved memory." },
	{ "holder", "term", "who has the frame beside ours, and what says so",
		"Flags do not say whose a frame is. The slab cache is told by its struct page "
		"through kcore, the function that allocated it by page_owner, mapping by vmalloc "
		"by the kernel's page tables, the kernel image by iomem. Slab, large kmalloc and "
		"pages that the kernel took itself are strong sources; what is free, of processes "
		"or page tables is none, and neither is what is used behind vmalloc's guard pages. "
		"AOVER and AOVER? of safevma adjacency count so; OVER and OVER? go by flags "
		"alone." },
	{ "effect", "term", "what an overrun across an edge would do",
		"silent: our alias can be written, the overrun lands and nobody notices. trapped: "
		"our alias is absent or read-only, the access faults, and what then happens is "
		"the system's reaction. unknown: reach is unknown. An overrun runs along the "
		"linear map; further mappings of our frame do not count here. Neighbours in DRAM "
		"are another matter; below a hypervisor they cannot be seen at all." },
	{ "exposure", "term", "how memory lies among sources, beyond its edges",
		"Of each process, of all mapped memory of processes and of page tables: mixing, "
		"the distance curve and lift, out of one pass over every frame of the machine. "
		"Each stands for itself, and no score is made of them. safevma adjacency shows "
		"them." },
	{ "lift", "term", "edges against those that chance would give",
		"OVER divided by EXPECTED. Of one frame is expected the share of strong sources "
		"among all frames of its zone, free ones included. 1: as by chance. Far below 1: "
		"the kernel's grouping by mobility keeps memory of processes away from slab; it "
		"rises as memory is fragmented. Page tables are often above 1. It compares, and is "
		"no probability; with a handful of edges it is rough." },
	{ "mixing", "term", "frames in pageblocks that hold a strong source",
		"MIXED counts frames of processes, or of page tables, that share a pageblock with "
		"slab or the like. They have no edge yet, but allocations of both sorts go there. "
		"In JSON also for smaller blocks, by zone and order." },
	{ "pageblock", "term", "the stretch of frames in which the kernel groups allocations",
		"The kernel tries to keep what can be moved and what cannot in different "
		"pageblocks. Their size is read from /proc/pagetypeinfo and never assumed: where "
		"that is closed, mixing and distances are unknown." },
	{ "block-type", "term", "what a pageblock is meant for: unmovable, movable, reclaimable",
		"The kernel marks each pageblock with a migratetype and allocates accordingly, as "
		"long as there is room: under pressure it falls back to blocks of another type, "
		"which is how slab gets beside memory of processes. How many blocks there are of "
		"each type /proc/pagetypeinfo says; which block is of which stands beside the "
		"struct "
		"pages, where safevma slab reads it through kcore." },
	{ "spread", "term", "a slab cache that went into other pageblocks",
		"The more pageblocks a cache stands in, and the more of them hold memory of "
		"processes, the more such memory an overrun of its objects can reach. "
		"safevma slab shows both, and its edges; with --grow which caches entered "
		"pageblocks that were kept for movable memory: there the kernel fell back, "
		"and its grouping by mobility protects less from then on." },
	{ "cell", "term", "a stretch of frames in the picture of safevma phys",
		"A cell is a power of two of frames; its letter is the class that most of its "
		"memory is of, and a capital, or ':' for '.', where slab or compound kernel memory "
		"lies in it beside mapped memory of processes (mixed). Large cells are nearly "
		"always mixed: within a pageblock is what counts. --zoom and --range look "
		"closer." },
	{ "distance-curve", "term", "how far down the nearest strong source lies",
		"NEAR: for each power of two up to a pageblock, how many frames have a strong "
		"source at most so many frames below; 1 is OVER. An overflow would have to run so "
		"far. It is an upper bound: a hole in memory and a poisoned frame end the stretch, "
		"but frames that pools took out of the linear map would stop an overflow too, and "
		"are not told here." },
	{ "page-table-exposure", "term", "page tables with sources right beside them",
		"An overrun into a page table changes what a process maps, whatever is locked or "
		"removed. Page tables lie where the kernel allocates, so that their lift is high. "
		"Of which process one is cannot be told from user space: the figure is of all." },
	{ "sample", "term", "a share of the machine's frames instead of all",
		"adjacency --sample looks at stretches of frames, the same ones each time. Counts "
		"are then those of the sample; a share has an interval (LOW, HIGH) of 95 percent "
		"certainty that counts how much the stretches scatter. Mixing and distances of a "
		"process are unknown then; its edges are counted in full." },
	{ "unexplained-mapping", "term", "a mapping of a frame that was not found in any process",
		"frames --pfn counts the page-table entries that map a frame (MAPCOUNT), and looks "
		"for them in every process (FOUND). The rest is of a process that could not be "
		"read or that changed meanwhile, or an average that some kernels give for large "
		"folios; else something maps the frame that is not known." },
	{ "max-hold", "term", "how long one read may hold a lock of a process",
		"Reading maps, smaps and pagemap takes the mmap lock of the process. Reads are "
		"sized by the time that those before them took, so that one should hold it for no "
		"longer than --max-hold (100 us), with pauses between in which the process gets "
		"at it. smaps of one large mapping cannot be cut: maps --no-smaps spares it. "
		"cost.longest_read_us in JSON says what was reached." },
	{ "resident", "term", "present in memory now",
		"A page is resident when its page-table entry is present. absent: the entry is "
		"empty, and the first touch faults. swapped: it is in a swap area. marker: an "
		"entry "
		"that is neither, as guards, migration in flight and poisoned pages have." },
	{ "locked", "term", "kept in memory",
		"Of a VMA: its resident pages must stay, because it carries the lock flag, is "
		"secretmem or hugetlb, or is memory that the kernel provides. Of a frame: some "
		"process locked it, or it is on the list that reclaim leaves alone, hugetlb or "
		"memory of the kernel. Locked does not mean that no fault can "
		"happen: "
		"pages may be absent (lock on fault), waiting for copy-on-write, or move." },
	{ "pool", "term", "frames that a mechanism keeps out of the linear map",
		"secretmem, highmem, nomap, hwpoison, kfence, debug-pagealloc; what none of them "
		"explains is unexplained. safevma linear shows how much is in each, against what "
		"that protects and against what not; --pools names who holds secretmem." },
	{ "gap", "term", "what could not be read",
		"A file that could not be opened, a page that changed while it was read, a process "
		"that ended. Each gap says which figures it costs; these are then unknown (- in "
		"text, null in JSON), and the exit status is 3." },
	{ "coverage", "term", "how much was read of what there was",
		"examined of total; the rest was unreadable or changed while it was read." },
	{ "opener", "term", "the process that holds the privilege",
		"safevma starts a small child that keeps the capabilities and opens files from a "
		"closed list; the process that parses what they hold has no capability." },
	{ "critical", "term", "processes that matter by their own doing",
		"A real-time scheduling class, locked memory, exemption from the OOM killer, or "
		"secretmem. Commands that look into processes take these when none is named." },
	{ "recording", "term", "what was read, kept for later",
		"A directory that holds every file as it was read, and a journal of the reading. A "
		"command run on it with --root says the same as on the system that it came from." },
	{ "claim", "term", "something that is said of the kernel",
		"A row of the ledger of safevma probe: what is said, who says it, what would be "
		"seen "
		"if it were true, and the experiment that looks for that here. The result holds "
		"for "
		"this kernel, as it is booted and set now." },
	{ "overcommit", "term", "granting more memory than there is",
		"vm.overcommit_memory. 0, heuristic: a single request above RAM and swap is "
		"refused, their sum is not limited. 1, always: nothing is refused. 2, never: what "
		"takes Committed_AS beyond CommitLimit is refused, so that mmap and fork fail "
		"where a touch would. No policy accounts secretmem, huge pages, page tables, slab, "
		"or limits of control groups. See safevma commit." },
	{ "promise", "term", "memory that the kernel granted, there or not",
		"A private writable mapping is accounted (flag ac in smaps, Committed_AS) when it "
		"is made, and gets its frames when they are touched. backed: what is there, in "
		"memory or in swap. unbacked: what can still fail, by the OOM killer or by "
		"waiting. MAP_NORESERVE is granted without being accounted." },
	{ "commit-limit", "term", "how much may be promised under policy 2",
		"vm.overcommit_kbytes, or where that is 0 vm.overcommit_ratio percent of RAM "
		"without the pool of huge pages; and swap. The kernel shows CommitLimit under "
		"every policy and enforces it under 2 alone." },
	{ "unaccounted", "term", "memory in use or granted outside Committed_AS",
		"secretmem, the pool of huge pages, page tables, kernel stacks, slab, per-CPU "
		"memory, and pages of MAP_NORESERVE mappings. Together with Committed_AS it is the "
		"worst case: what is needed when every promise is called in." },
	{ "settled", "term", "its memory stays as it is",
		"safevma watch looks again and again: a process is settled when no look shows a "
		"change that unsettles, and every look read all that was to be read. One change "
		"refutes it; what could not be seen leaves it unknown. It holds for the time that "
		"was watched. It does not say that memory is locked or present: what is absent and "
		"stays absent is settled." },
	{ "unsettle", "term", "what a settled process does not show",
		"Changes after which a page can fault that could not before, or that show the "
		"process at work on its address space: mappings, heap, stack, locks, pages, "
		"faults, "
		"threads, children. new-neighbour alone does not unsettle: what lies beside its "
		"frames is no doing of a process and costs it no time." },
	{ "look", "term", "one reading of the watched processes",
		"A change is told between two looks of safevma watch. What came and went between "
		"them is seen in counters alone: faults, and faults of children that were waited "
		"for. smaps is read before the first look and in none; of each look it is said "
		"what it cost." },
	{ "minor-fault", "term", "a page fault that was resolved without a device",
		"The thread stops until the kernel has found or made a frame, copied a page, or "
		"put right an entry of its page table: a microsecond, or as long as it takes to "
		"get a free frame. safevma faults tells each one; watch counts them." },
	{ "major-fault", "term", "a page fault that waited for a device",
		"The page had to be read from a file or from swap, or another thread was already "
		"reading it. It takes as long as the device does." },
	{ "fault-cause", "term", "why a page faulted, as far as that can be inferred",
		"first-touch: the page was not there, of private memory without a file. file: it "
		"was not there, of a file or shared memory. write: it was there at the start and "
		"may be written: most likely a copy after a fork, the page of zeros, or the first "
		"write to a page of a file. again: it had faulted before meanwhile. It is inferred "
		"from what was there at the start and what faulted since; what was given back or "
		"reclaimed in between makes it wrong." },
	{ "lost-samples", "term", "faults that were counted and not told of",
		"The kernel writes each fault into a ring and also counts it. Where faults come "
		"faster than the ring is read, they are dropped. What was counted and not sampled "
		"is lost: then the result of safevma faults is incomplete, and --until-fault never "
		"passes." },
	{ "until-fault", "term", "the verdict of safevma faults",
		"fail: there was a fault. pass: there was none, of all threads events could be "
		"opened, and the kernel counted none that was not told of. unknown: none was seen, "
		"and not all could be. Pages that the kernel brings in by itself (mlock, "
		"MAP_POPULATE, ptrace) give no event and do not enter." },
	{ "mcl-future", "term", "whether what is mapped later is locked as well",
		"MCL_FUTURE of mlockall() cannot be read. Where all mappings that can be locked "
		"are, it is set, or they were locked one by one up to now (covered); where some "
		"are not, later ones are not covered, or those were unlocked (partly). It is lost "
		"over fork and exec." },
	{ "memlock", "term", "how much a process may still lock",
		"mlock() takes RLIMIT_MEMLOCK less VmLck, and with CAP_IPC_LOCK heeds no limit. "
		"secretmem was counted in the same way up to a fix of 2026; since then it is "
		"counted for the user, a page at its first touch, nothing is exempt, and at the "
		"limit the touch is SIGBUS. safevma locks shows both, and which rule holds only "
		"where a mapping proves it." },
	{ "stack-guard", "term", "what stops a stack from running into other memory",
		"vma: a mapping without access lies right below. region: guard pages at its low "
		"end (MADV_GUARD_INSTALL, glibc from 2.42 on). gap: the kernel keeps other "
		"mappings away from a stack that grows. hole: nothing is mapped right below, by "
		"chance. none: an overflow runs into other memory and nobody notices. The stack is "
		"the mapping that holds the thread's stack pointer, which is seen while it "
		"sleeps." },
	{ "corruption", "term", "what prevents a wrong write of the kernel, or detects it",
		"A group of safevma kernel: checks of lists, stacks, copies and slabs, detectors, "
		"and what is done to free memory. Detection is no containment: what the kernel "
		"then does is the group reaction." },
	{ "determinism", "term", "what moves, merges, takes or delays memory by itself",
		"A group of safevma kernel: huge pages, merging, NUMA balancing, compaction, swap, "
		"overcommit, preemption, and what is shuffled at boot. disturbs means that it adds "
		"nondeterminism." },
	{ "reaction", "term", "what the system does when a fault was trapped",
		"A group of safevma kernel: whether a fault of the kernel ends the system or a "
		"thread alone, whether it then starts anew, and who notices that a CPU hangs. A "
		"trapped overrun is worth what this reaction is." },
	{ "access", "term", "who else can reach memory",
		"A group of safevma kernel: /dev/mem, lockdown, memfd_secret, and whether the "
		"kernel is mapped in user mode." },
	{ "known-issue", "term", "a fault of certain releases of the kernel",
		"safevma kernel tells of some that matter for memory of processes. notapplicable "
		"is said only where it is shown; of a vendor's kernel in the range nothing is "
		"known, since its number tells no fixes. warn is a release of the range that "
		"names no vendor." },
	{ "verdict", "term", "what is concluded, and never more",
		"fail: an observation here contradicts it; one is enough. pass: it holds here, as "
		"far "
		"as the experiment goes. unknown: it could not be settled, with the reason: a race "
		"that did not come about is unknown. error: the experiment failed in a way that it "
		"should not. notapplicable: proved to be about something that is not here. "
		"Together: "
		"fail before error before unknown before warn before pass." },
	{ "secretmem", "pool", "memory taken out of the linear map",
		"memfd_secret(2) removes each of its pages from the linear map when it is first "
		"touched. safevma knows secretmem by the magic number of its filesystem, never by "
		"its name, which any deleted file can have. It does not protect from system calls, "
		"which copy to and from it, from children and receivers of its descriptor, from "
		"DMA, or from further kernel mappings of its frames: see kernel-alias. Its frames "
		"often lie right beside slab, where an overrun then faults instead of landing." },
	{ "highmem", "pool", "memory that 32-bit kernels do not map",
		"On 32-bit machines with HighMem, frames above its start have no address in the "
		"linear map and are mapped for short moments only." },
	{ "nomap", "pool", "memory that firmware or the device tree reserves",
		"Reserved ranges of the physical address map that are no RAM of the kernel. It "
		"does not map them by itself; drivers may, and DMA reaches them. How much there is "
		"follows from /proc/iomem, not from page tables." },
	{ "hwpoison", "pool", "memory that failed",
		"A frame with an uncorrectable error is not used any more. Many kernels leave it "
		"in the linear map, so that none may be counted here though there are some." },
	{ "kfence", "pool", "memory of a checker that samples kernel objects",
		"KFENCE puts a few kernel objects between pages that are not mapped, so that an "
		"overrun of these faults. It does not protect memory of processes. Debian's "
		"kernels have it and leave it off." },
	{ "debug-pagealloc", "pool", "free memory, taken out of the linear map",
		"With debug_pagealloc=on the kernel unmaps memory while it is free. Memory in use "
		"is mapped as ever." },
	{ "unexplained", "pool", "removed frames that no known mechanism explains",
		"The linear map lacks them, and neither their use nor the kernel's settings says "
		"why: look at them with safevma linear --map." },
	{ "unlocked", "finding", "reclaim may take these pages away, and the next access waits",
		"Resident memory without a lock can be written to swap or dropped when memory is "
		"short. Lock it with mlock(2) or mlockall(2)." },
	{ "lazy", "finding", "part of it is not there yet: the first touch takes a fault",
		"Memory that was asked for and not touched. The first touch takes a fault, and "
		"only "
		"then finds out whether there is memory left. Touch it before it matters." },
	{ "cow-pending", "finding",
		"pages are shared until written: the next write faults and moves them, locked or "
		"not",
		"A private writable page that others map too, as after a fork. The next write "
		"takes "
		"a fault and moves to a new frame. Fork before locking, or use MADV_DONTFORK." },
	{ "zero-page", "finding", "read but never written: the first write takes a fault",
		"A page that was read before it was written shows the kernel's one page of zeros. "
		"Write to it once before it matters." },
	{ "swapped", "finding", "part of it is in swap: the next access waits for a device",
		"Pages in a swap area come back with a major fault." },
	{ "slab-below", "finding",
		"kernel memory lies right below a frame: its overflow would land here unnoticed",
		"A frame of this mapping has a strong source at the next lower frame number, and "
		"the "
		"linear map reaches it: see the terms edge and effect." },
	{ "kernel-alias", "finding", "the kernel maps its frames at a further address",
		"Frames of this mapping have a kernel address outside the linear map. Of "
		"secretmem this undoes the removal: stray writes at that address land. Stock "
		"kernels for x86 without page-table isolation leave memory freed from the kernel "
		"image mapped, writable, at the image's address; pti=on removes that. Column OTHER "
		"of frames names the addresses." },
	{ "not-removed", "finding", "secretmem that the linear map still reaches",
		"The mapping is secretmem, and its frames are still in the linear map: this kernel "
		"did not remove them, as where the architecture cannot." },
	{ "write-exec", "finding", "writable and executable at once",
		"A stray write can change code here." },
	{ "changed", "finding", "the mapping changed while it was read",
		"Its figures hold for no single moment; look again." },
};

static struct safevma_topic reason_topic(size_t i)
{
	const struct sv_lock_reason_info *r = sv_lock_reason_info((enum sv_lock_reason)i);

	return (struct safevma_topic) {
		.name = r->name, .kind = "reason", .title = r->text, .text = r->help
	};
}

static struct safevma_topic state_topic(size_t i)
{
	return (struct safevma_topic) { .name = sv_lock_state_name((unsigned int)i),
		.kind = "state",
		.title = sv_lock_state_help((unsigned int)i),
		.text = "A state of a page, as safevma locks --each has it." };
}

static size_t classes_count(void)
{
	return SV_CLASS_COUNT - 1;
}

size_t safevma_topics_count(void)
{
	return sv_array_size(terms) + SV_CHANGE_COUNT + SV_LOCK_REASON_COUNT + SV_STATE_COUNT +
	       classes_count() + sv_kpf_names_count;
}

static struct safevma_topic change_topic(enum sv_change_kind kind)
{
	const struct sv_change_info *info = sv_change_info(kind);
	static const char *const units[] = {
		[SV_UNIT_NONE] = "Told by safevma watch.",
		[SV_UNIT_BYTES] = "Told by safevma watch; before and after are sizes.",
		[SV_UNIT_COUNT] = "Told by safevma watch; before and after are counts.",
		[SV_UNIT_PFN] = "Told by safevma watch; before and after are frames, of several "
				"pages that of the first.",
		[SV_UNIT_PERMS] = "Told by safevma watch; before and after are permissions.",
		[SV_UNIT_CLASS] = "Told by safevma watch; before and after are classes of the "
				  "frame beside ours. See edge, and unsettle.",
	};

	return (struct safevma_topic) {
		.name = info->name, .kind = "change", .title = info->help, .text = units[info->unit]
	};
}

static struct safevma_topic class_topic(size_t i)
{
	const struct sv_class_info *c = sv_class_info((enum sv_class)(i + 1));
	static const char *const sources[] = {
		[SV_SOURCE_NO] = "Not a source of overruns.",
		[SV_SOURCE_STRONG] = "A strong source: overruns of kernel memory start here.",
		[SV_SOURCE_UNCLASSIFIED] =
			"Perhaps a source: counted in the upper bound of edges (OVER?).",
		[SV_SOURCE_UNKNOWN] = "",
	};

	return (struct safevma_topic) {
		.name = c->name, .kind = "class", .title = c->help, .text = sources[c->source]
	};
}

const struct safevma_topic *safevma_topic(size_t index)
{
	static struct safevma_topic made[SV_CLASS_COUNT + 64], changes[SV_CHANGE_COUNT];
	static struct safevma_topic of_locks[64];

	if (index < sv_array_size(terms))
		return &terms[index];
	index -= sv_array_size(terms);
	if (index < SV_CHANGE_COUNT) {
		changes[index] = change_topic((enum sv_change_kind)index);
		return &changes[index];
	}
	index -= SV_CHANGE_COUNT;
	if (index < SV_LOCK_REASON_COUNT + SV_STATE_COUNT) {
		of_locks[index] = index < SV_LOCK_REASON_COUNT
					  ? reason_topic(index)
					  : state_topic(index - SV_LOCK_REASON_COUNT);
		return &of_locks[index];
	}
	index -= SV_LOCK_REASON_COUNT + SV_STATE_COUNT;
	if (index < classes_count()) {
		made[index] = class_topic(index);
		return &made[index];
	}
	if (index - classes_count() >= sv_kpf_names_count || index >= sv_array_size(made))
		return NULL;
	made[index] = (struct safevma_topic) { .name = sv_kpf_names[index - classes_count()].name,
		.kind = "flag",
		.title = sv_kpf_names[index - classes_count()].help,
		.text = "A flag of /proc/kpageflags." };
	return &made[index];
}

const char *safevma_version(void)
{
	return SAFEVMA_VERSION;
}
