// SPDX-License-Identifier: LGPL-2.1-or-later
/* What `safevma explain` knows: terms, and the classes and flags out of their own tables. */
#include <string.h>

#include "iface/kpage.h"
#include "model/frame.h"
#include "safevma.h"

static const struct safevma_topic terms[] = {
	{ "frame", "term", "one physical page",
		"A frame is one base page of physical memory; its number is the PFN. The size of a "
		"page is a property of the machine. Without CAP_SYS_ADMIN in the initial user "
		"namespace the kernel hides frame numbers; safevma then shows them as unknown and "
		"never as 0." },
	{ "linear-map", "term", "the kernel's own view of all RAM",
		"The kernel maps (nearly) all RAM once more at fixed addresses of its own, "
		"writable. "
		"Every frame of a process therefore has a second address, its alias, through which "
		"a wrong write in the kernel can change it without any fault." },
	{ "reach", "term", "whether the linear map reaches a frame",
		"mapped: the linear map has a valid entry for the frame. removed: it has none. "
		"unknown: that could not be told. A frame that is removed may still be mapped at "
		"another kernel address; this version does not look for those, so removed does not "
		"mean out of the kernel's reach." },
	{ "basis", "term", "how something is known",
		"observed: read from this system's own page tables. inferred: a documented "
		"mechanism "
		"holds here. assumed: the default of the architecture. This version infers and "
		"assumes." },
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
	{ "effect", "term", "what an overrun across an edge would do",
		"silent: our alias is mapped, the overrun lands and nobody notices. trapped: our "
		"alias is absent, the access faults. unknown: reach is unknown. Neighbours in DRAM "
		"are another matter; below a hypervisor they cannot be seen at all." },
	{ "resident", "term", "present in memory now",
		"A page is resident when its page-table entry is present. absent: the entry is "
		"empty, and the first touch faults. swapped: it is in a swap area. marker: an "
		"entry "
		"that is neither, as guards, migration in flight and poisoned pages have." },
	{ "locked", "term", "kept in memory",
		"Of a VMA: its resident pages must stay, because it carries the lock flag, is "
		"secretmem or hugetlb, or is memory that the kernel provides. Of a frame: it has "
		"the "
		"mlocked flag, or is of such a kind. Locked does not mean that no fault can "
		"happen: "
		"pages may be absent (lock on fault), waiting for copy-on-write, or move." },
	{ "lazy", "term", "reserved and not there yet",
		"Memory that was asked for and never touched: the first touch takes a fault, and "
		"finds out whether there is memory left." },
	{ "cow-pending", "term", "waiting for copy-on-write",
		"A private writable page that others map too: after a fork, the next write takes a "
		"fault and moves to a new frame, locked or not." },
	{ "zero-page", "term", "read, never written",
		"A page that was read before it was written shows the kernel's one page of zeros. "
		"The first write takes a fault." },
	{ "secretmem", "pool", "memory taken out of the linear map",
		"memfd_secret(2) removes each of its pages from the linear map when it is first "
		"touched. safevma knows secretmem by the magic number of its filesystem, never by "
		"its name, which any deleted file can have. System calls can still copy to and "
		"from "
		"it; its frames often lie right beside slab, where an overrun then faults instead "
		"of "
		"landing." },
	{ "highmem", "pool", "memory that 32-bit kernels do not map",
		"On 32-bit machines with HighMem, frames above its start have no address in the "
		"linear map and are mapped for short moments only." },
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
};

static size_t classes_count(void)
{
	return SV_CLASS_COUNT - 1;
}

size_t safevma_topics_count(void)
{
	return sv_array_size(terms) + classes_count() + sv_kpf_names_count;
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
	static struct safevma_topic made[SV_CLASS_COUNT + 64];

	if (index < sv_array_size(terms))
		return &terms[index];
	index -= sv_array_size(terms);
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
