// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words of locks: states, reasons, what is not known, and the sentence that is made of them. */
#include "locks.h"

#include "iface/smaps.h"

const char *sv_hold_name(enum sv_hold hold)
{
	static const char *const names[] = { [SV_HOLD_UNKNOWN] = NULL,
		[SV_HOLD_UNLOCKED] = "unlocked",
		[SV_HOLD_LOCKED] = "locked",
		[SV_HOLD_ONFAULT] = "onfault",
		[SV_HOLD_EITHER] = "locked-or-onfault",
		[SV_HOLD_SECRETMEM] = "secretmem",
		[SV_HOLD_HUGETLB] = "hugetlb",
		[SV_HOLD_KERNEL] = "kernel",
		[SV_HOLD_DRIVER] = "driver",
		[SV_HOLD_DROPPABLE] = "droppable" };

	return names[hold];
}

static const struct {
	const char *name, *help;
} states[SV_STATE_COUNT] = {
	{ "present", "the page is there" },
	{ "absent", "nothing is there: the page table has no entry" },
	{ "swapped", "in a swap area" },
	{ "guard", "of a guard region: an access is fatal" },
	{ "marker", "an entry of migration, poison or userfaultfd" },
	{ "nonpresent", "an entry of swap or of a marker, which of them is not known" },
	{ "mlocked", "the frame is marked as locked, by this process or another" },
	{ "unmarked", "the mapping has the flag of a lock, and the frame is not marked" },
	{ "zero", "the shared page of zeros" },
	{ "cow", "shared since a fork: a write copies" },
	{ "alone", "no longer shared since a fork, and a write still faults once" },
	{ "copy", "a page of a file in a private mapping: a write copies" },
	{ "notify", "a page of a file in a shared mapping that can be written" },
	{ "clean", "and nothing of it is to be written back: the next write faults" },
	{ "huge", "part of a huge folio, mapped as a whole or not" },
	{ "movable", "something may move the frame, or take the entry away for a while" },
	{ "changed", "it did not stay the same while it was read" },
};

const char *sv_lock_state_name(unsigned int index)
{
	return states[index].name;
}

const char *sv_lock_state_help(unsigned int index)
{
	return states[index].help;
}

static const struct {
	const char *name, *text;
} unknowns[SV_UNKNOWN_COUNT] = {
	{ "lock-flags", "whether it is locked" },
	{ "pages", "what is there" },
	{ "frames", "what its frames are" },
	{ "onfault", "whether it is locked on fault" },
	{ "swap", "swap or marker" },
	{ "fork", "whether writes fault since a fork" },
	{ "movers", "what may move it" },
	{ "secretmem", "whether it is secretmem" },
	{ "changed", "what changed meanwhile" },
	{ "hidden", "pages of a device" },
};

const char *sv_lock_unknown_name(unsigned int index)
{
	return unknowns[index].name;
}

const char *sv_lock_unknown_text(unsigned int index)
{
	return unknowns[index].text;
}

static const struct sv_lock_reason_info reasons[SV_LOCK_REASON_COUNT] = {
	[SV_LOCK_REASON_SWAPPED] = { .name = "swapped",
		.text = "in swap: read back from there",
		.help = "The page is in a swap area: the next access reads it back, a major fault. "
			"Migration entries, guards and other markers look alike in pagemap and are "
			"not counted here." },
	[SV_LOCK_REASON_NONPRESENT] = { .name = "nonpresent",
		.text = "not there, in swap or by a marker",
		.help = "The page-table entry is neither present nor empty, and without "
			"CAP_SYS_ADMIN or /proc/swaps it cannot be told whether it is swap." },
	[SV_LOCK_REASON_RECLAIM] = { .name = "reclaim",
		.text = "not locked: reclaim may take them",
		.help = "The page is present, not locked, and of a file, or there is swap: under "
			"pressure the kernel takes it, and the next access is a major fault." },
	[SV_LOCK_REASON_LOCK_FAILED] = { .name = "lock-failed",
		.text = "absent though locked: the lock failed or was undone",
		.help = "The mapping has the flag of a lock and nothing is there. A lock that "
			"fails (ENOMEM, EAGAIN) leaves the flag set; MAP_LOCKED and MCL_FUTURE do "
			"not even fail. Pages past the end of a file are here, too." },
	[SV_LOCK_REASON_LOCK_EITHER] = { .name = "lock-or-onfault",
		.text = "absent though locked: on fault, or the lock failed",
		.help = "As lock-failed or onfault. Kernels up to 6.1 have no letters for "
			"VM_LOCKONFAULT: smaps shows ?? beside lo, which may be it." },
	[SV_LOCK_REASON_ONFAULT] = { .name = "onfault",
		.text = "absent: locked when first touched",
		.help = "MLOCK_ONFAULT or MCL_ONFAULT: what was touched is locked, what was not "
			"is not there." },
	[SV_LOCK_REASON_FIRST_TOUCH] = { .name = "first-touch",
		.text = "absent: first touch",
		.help = "Nothing is there yet: the first access faults, and gets a page of zeros "
			"or "
			"of the file (a major fault where that has to be read)." },
	[SV_LOCK_REASON_MARKER] = { .name = "marker",
		.text = "with a marker: in migration, poisoned or watched",
		.help = "A page on its way to another frame, one that the hardware spoilt, or one "
			"that userfaultfd watches." },
	[SV_LOCK_REASON_COW] = { .name = "cow",
		.text = "awaiting copy-on-write after fork",
		.help = "Present, private and writable, but another process has the frame as well: "
			"the next write faults and gets a new frame. mlock() before fork() does "
			"not help; MADV_DONTFORK does." },
	[SV_LOCK_REASON_ALONE] = { .name = "alone",
		.text = "write-protected since a fork: a write faults once more",
		.help = "The other process is gone, but the entry stayed write-protected: the next "
			"write faults and keeps the frame." },
	[SV_LOCK_REASON_ZERO] = { .name = "zero",
		.text = "of zeros, only read so far: a write faults",
		.help = "The shared page of zeros in memory that can be written: it was read and "
			"never written, and the first write faults and gets a frame. mlock() of "
			"untouched memory does not leave it, MLOCK_ONFAULT and a read do." },
	[SV_LOCK_REASON_COPY] = { .name = "copy",
		.text = "of a private file: a write copies",
		.help = "A page of the page cache in a private mapping that can be written: the "
			"first write faults and copies it." },
	[SV_LOCK_REASON_NOTIFY] = { .name = "notify",
		.text = "of a file: a write after writeback faults",
		.help = "A shared mapping of a file that is written back: each first write to a "
			"clean page faults to tell the filesystem, locked or not. tmpfs and "
			"hugetlbfs do not." },
	[SV_LOCK_REASON_KSM] = { .name = "ksm",
		.text = "merged by KSM, or may be: a write copies",
		.help = "KSM makes equal pages one, locked ones too; the next write faults and "
			"copies." },
	[SV_LOCK_REASON_NUMA] = { .name = "numa",
		.text = "unmapped now and then by NUMA balancing",
		.help = "kernel.numa_balancing takes access away from pages, locked ones too, to "
			"see which node uses them: a minor fault each." },
	[SV_LOCK_REASON_KHUGEPAGED] = { .name = "khugepaged",
		.text = "khugepaged may rebuild as huge pages",
		.help = "khugepaged copies small pages into a huge one, locked ones too: meanwhile "
			"an access faults." },
	[SV_LOCK_REASON_COMPACTION] = { .name = "compaction",
		.text = "movable by compaction",
		.help = "The kernel may move the frame to make room: an access meanwhile is a "
			"minor fault, and the frame is another one afterwards. Locked memory is "
			"moved where vm.compact_unevictable_allowed is 1. That a driver has pinned "
			"a frame cannot be seen." },
	[SV_LOCK_REASON_UNLOCKED] = { .name = "unlocked",
		.text = "not locked: out of reclaim's reach for now",
		.help = "Present and not locked. Nothing can take it today: there is no swap, "
			"another process has locked the frame, or its filesystem is memory." },
	[SV_LOCK_REASON_STACK] = { .name = "stack",
		.text = "a stack that grows by faults",
		.help = "Below its lowest page the main thread's stack grows page by page, a fault "
			"each, up to RLIMIT_STACK, locked or not." },
	[SV_LOCK_REASON_HEAP] = { .name = "heap",
		.text = "a heap that brk grows and trims",
		.help = "malloc() grows the heap and free() may give its top back "
			"(M_TRIM_THRESHOLD, "
			"which cannot be seen): what it gets again is absent, but with MCL_FUTURE. "
			"A brk() that grows it locked faults inside the kernel." },
	[SV_LOCK_REASON_NO_ACCESS] = { .name = "no-access",
		.text = "locked by flag alone: no access, nothing there",
		.help = "The mapping allows no access and has the flag of a lock: a lock that "
			"failed "
			"on it, or a guard made under MCL_FUTURE. It cannot fault before it is "
			"made accessible." },
	[SV_LOCK_REASON_GUARD] = { .name = "guard",
		.text = "of guards: an access is fatal",
		.help = "MADV_GUARD_INSTALL: an access is a SIGSEGV. Seen by bit 58 of pagemap "
			"(6.15); kernels 6.13 and 6.14 have such pages and not the bit, there the "
			"marker tells, where it is not hidden." },
};

const struct sv_lock_reason_info *sv_lock_reason_info(enum sv_lock_reason reason)
{
	return &reasons[reason];
}

bool sv_lock_figures_known(const struct sv_lock_figures *f)
{
	return f->read && !(f->unknown & ~(unsigned int)SV_UNKNOWN_HIDDEN);
}

/* ---- the sentence ---------------------------------------------------------------------------- */

enum { SAID = 3 }; /* the worst ones; the column of reasons has all */

static const char *text_of(const struct sv_lock_view *view, enum sv_lock_reason r)
{
	bool locked = view && (view->hold == SV_HOLD_LOCKED || view->hold == SV_HOLD_ONFAULT ||
				      view->hold == SV_HOLD_EITHER);

	return r == SV_LOCK_REASON_COMPACTION && locked
		       ? "locked but movable (compact_unevictable_allowed=1)"
		       : reasons[r].text;
}

/* Of a mapping as a whole no number is said. */
static bool counted(enum sv_lock_reason r)
{
	return r != SV_LOCK_REASON_STACK && r != SV_LOCK_REASON_HEAP &&
	       r != SV_LOCK_REASON_KHUGEPAGED && r != SV_LOCK_REASON_COMPACTION &&
	       r != SV_LOCK_REASON_NUMA && r != SV_LOCK_REASON_KSM;
}

static int say_reason(const struct sv_lock_view *view, const struct sv_lock_figures *f,
	enum sv_lock_reason r, bool first, struct sv_strbuf *ret)
{
	unsigned long long n = f->by_reason[r];
	const char *noun = first ? (n == 1 ? " page" : " pages") : "";

	if (!counted(r))
		return sv_strbuf_printf(ret, "%s%s", ret->len ? "; " : "", text_of(view, r));
	return sv_strbuf_printf(
		ret, "%s%llu%s %s", ret->len ? "; " : "", n, noun, text_of(view, r));
}

static int say_reasons(
	const struct sv_lock_view *view, const struct sv_lock_figures *f, struct sv_strbuf *ret)
{
	unsigned int said = 0, all = (unsigned int)__builtin_popcount(f->reasons);
	bool noun = true;

	for (int r = 0; r < SV_LOCK_REASON_COUNT && said < SAID; r++) {
		if (!(f->reasons >> r & 1))
			continue;
		if (say_reason(view, f, (enum sv_lock_reason)r, noun, ret))
			return -1;
		noun &= !counted((enum sv_lock_reason)r);
		said++;
	}
	return all > said ? sv_strbuf_printf(ret, "; and %u more", all - said) : 0;
}

static int say_unknown(const struct sv_lock_figures *f, struct sv_strbuf *ret)
{
	const char *before = ret->len ? "; not known: " : "not known: ";

	for (unsigned int i = 0; i < SV_UNKNOWN_COUNT; i++) {
		if (!(f->unknown & ~(unsigned int)SV_UNKNOWN_HIDDEN & 1u << i))
			continue;
		if (sv_strbuf_printf(ret, "%s%s", before, unknowns[i].text))
			return -1;
		before = ", ";
	}
	return 0;
}

static const char *nothing(const struct sv_lock_view *view, const struct sv_lock_figures *f)
{
	const unsigned int access = SV_PERM_READ | SV_PERM_WRITE | SV_PERM_EXEC;

	if (f->unknown & SV_UNKNOWN_HIDDEN)
		return view ? "its pages are not shown: the kernel's or a driver's"
			    : "nothing seen that can fault, but pages of drivers are not shown";
	if (view && !(view->v->perms & access))
		return "no access is allowed";
	return "nothing seen that can fault";
}

int sv_lock_sentence(
	const struct sv_lock_view *view, const struct sv_lock_figures *f, struct sv_strbuf *ret)
{
	const char *text;

	ret->len = 0;
	if (!f->read)
		return sv_strbuf_printf(ret, "not known: its memory was not read");
	if (say_reasons(view, f, ret) || say_unknown(f, ret))
		return -1;
	text = nothing(view, f);
	return ret->len ? 0 : sv_strbuf_printf(ret, "%s", text);
}
