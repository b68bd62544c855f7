// SPDX-License-Identifier: LGPL-2.1-or-later
/* locks: of each process and VMA what is locked, by what, and what can still fault. */
#include <stdio.h>

#include "iface/maps.h"
#include "iface/smaps.h"
#include "table.h"

#define BYTES(n) sv_value_num(SAFEVMA_TYPE_BYTES, n)

static bool next_group(safevma_cursor *c)
{
	if (!sv_next_selected(c))
		return false;
	sv_process_figures(c->obs, c->process, &c->group_figures);
	sv_measure_locks_process(c->obs, c->process, &c->lock_process);
	sv_lock_view_process(&c->lock_view, c->obs, c->process);
	return true;
}

static bool next_row(safevma_cursor *c)
{
	if (c->next_index == c->process->vmas.len)
		return false;
	c->vma = &c->process->vmas.ptr[c->next_index++];
	sv_lock_view_vma(&c->lock_view, c->vma);
	sv_measure_locks_vma(&c->lock_view, &c->locks);
	return true;
}

static struct safevma_value words(
	safevma_cursor *c, unsigned int bits, const char *(*name)(unsigned int))
{
	size_t at = 0;

	c->text[0] = 0;
	for (unsigned int i = 0; bits; i++, bits >>= 1)
		if ((bits & 1) && at < sizeof(c->text))
			at += (size_t)snprintf(
				c->text + at, sizeof(c->text) - at, "%s%s", at ? " " : "", name(i));
	return sv_value_words(c->text);
}

static const char *reason_name(unsigned int i)
{
	return sv_lock_reason_info((enum sv_lock_reason)i)->name;
}

struct safevma_value sv_lock_reasons(safevma_cursor *c, unsigned int reasons)
{
	return words(c, reasons, reason_name);
}

struct safevma_value sv_lock_unknowns(safevma_cursor *c, unsigned int unknown)
{
	return words(c, unknown, sv_lock_unknown_name);
}

/* ---- figures: of the group and of the row, as bytes and as pages ------------------------------
 */

enum {
	NEED_PAGES = SV_UNKNOWN_PAGES,
	NEED_SWAP = SV_UNKNOWN_PAGES | SV_UNKNOWN_SWAP,
	NEED_FRAMES = SV_UNKNOWN_PAGES | SV_UNKNOWN_FRAMES,
	NEED_FLAGS = SV_UNKNOWN_PAGES | SV_UNKNOWN_FRAMES | SV_UNKNOWN_FLAGS,
};

static struct safevma_value pages(
	const struct sv_lock_figures *f, unsigned int needs, uint64_t n, uint64_t unit)
{
	if (!f->read || (f->unknown & needs))
		return sv_value_unknown();
	return sv_value_u64(unit > 1 ? SAFEVMA_TYPE_BYTES : SAFEVMA_TYPE_U64, n * unit);
}

#define LEVELS(name, expr)                                                                         \
	static struct safevma_value row_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_lock_figures *f = &c->locks;                                       \
		return expr;                                                                       \
	}                                                                                          \
	static struct safevma_value group_##name(safevma_cursor *c)                                \
	{                                                                                          \
		const struct sv_lock_figures *f = &c->lock_process.sum;                            \
		return expr;                                                                       \
	}

#define FIGURE(name, needs, n)                                                                     \
	LEVELS(name, pages(f, needs, n, c->obs->host.page_size))                                   \
	LEVELS(name##_pages, pages(f, needs, n, 1))

#define STATE(name, needs, bit) FIGURE(name, needs, f->by_state[bit])

STATE(resident, NEED_PAGES, 0)
STATE(absent, NEED_PAGES, 1)
STATE(swapped, NEED_SWAP, 2)
STATE(guard, NEED_SWAP, 3)
STATE(marker, NEED_SWAP, 4)
STATE(nonpresent, NEED_PAGES, 5)
STATE(mlocked, NEED_FRAMES, 6)
STATE(unmarked, NEED_FLAGS, 7)
STATE(cow, NEED_FRAMES, 9)
STATE(alone, NEED_FRAMES | SV_UNKNOWN_FORK, 10)
STATE(folio, NEED_FRAMES, 14)
STATE(movable, NEED_FLAGS | SV_UNKNOWN_MOVERS, 15)
FIGURE(zero, NEED_FRAMES, f->zero_writable)
FIGURE(file_write, NEED_FRAMES, f->file_write)
FIGURE(flag_only, NEED_FLAGS | SV_UNKNOWN_ONFAULT, f->flag_only)
LEVELS(size, f->read ? sv_value_u64(SAFEVMA_TYPE_BYTES, f->size) : sv_value_unknown())
LEVELS(flagged, BYTES(f->flagged))
LEVELS(huge, BYTES(f->huge))
LEVELS(ksm, BYTES(f->ksm))
LEVELS(read_faults, pages(f, NEED_PAGES, f->read_faults, 1))
LEVELS(write_faults, pages(f, NEED_FRAMES | SV_UNKNOWN_FORK, f->write_faults, 1))
LEVELS(reasons, f->read ? sv_lock_reasons(c, f->reasons) : sv_value_unknown())
LEVELS(unknown, f->read ? sv_lock_unknowns(c, f->unknown) : sv_value_unknown())

static struct safevma_value sentence(
	safevma_cursor *c, const struct sv_lock_view *view, const struct sv_lock_figures *f)
{
	if (!sv_lock_sentence(view, f, &c->scratch))
		return sv_value_bytes_text(&c->scratch);
	c->failed = true;
	return sv_value_unknown();
}

static struct safevma_value row_sentence(safevma_cursor *c)
{
	return sentence(c, &c->lock_view, &c->locks);
}

static struct safevma_value group_sentence(safevma_cursor *c)
{
	return sentence(c, NULL, &c->lock_process.sum);
}

/* ---- of the process -------------------------------------------------------------------------- */

#define PROCESS(name, expr)                                                                        \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_lock_process *r = &c->lock_process;                                \
		return expr;                                                                       \
	}

/* No limit has no number. */
static struct safevma_value limit(struct sv_num n)
{
	return n.known && n.value == UINT64_MAX ? sv_value_unknown() : BYTES(n);
}

static struct safevma_value unlimited(struct sv_num n)
{
	return n.known ? sv_value_bool(n.value == UINT64_MAX) : sv_value_unknown();
}

static struct safevma_value counted(const struct sv_lock_process *r, uint64_t n)
{
	return r->sum.read && !(r->sum.unknown & SV_UNKNOWN_FLAGS)
		       ? sv_value_u64(SAFEVMA_TYPE_U64, n)
		       : sv_value_unknown();
}

PROCESS(future, sv_value_text(sv_future_name(r->future)))
PROCESS(lockable, counted(r, r->lockable))
PROCESS(unflagged, counted(r, r->unflagged))
PROCESS(lowest, sv_value_num(SAFEVMA_TYPE_HEX, r->lowest_unflagged))
PROCESS(limit, limit(r->limit))
PROCESS(no_limit, unlimited(r->limit))
PROCESS(exempt, sv_value_bool_num(r->exempt))
PROCESS(left, limit(r->left))
PROCESS(secret_used, BYTES(r->secret_used))
PROCESS(secret_left, limit(r->secret_left))
PROCESS(rule, sv_value_text(r->rule == SV_SECRET_RULE_USER ? "user" : NULL))
PROCESS(stack, BYTES(r->stack))
PROCESS(stack_limit, limit(r->stack_limit))
PROCESS(stack_unlimited, unlimited(r->stack_limit))
PROCESS(stack_room, BYTES(r->stack_room))
PROCESS(heap, BYTES(r->heap))
PROCESS(heap_room, BYTES(r->heap_room))

static struct safevma_value get_vm_locked(safevma_cursor *c)
{
	return BYTES(c->process->locked);
}

/* ---- of the mapping -------------------------------------------------------------------------- */

static struct safevma_value get_hold(safevma_cursor *c)
{
	return sv_value_text(sv_hold_name(c->lock_view.hold));
}

static struct safevma_value get_flag(safevma_cursor *c)
{
	return c->vma->flags.known ? sv_value_bool(c->vma->flags.value & SV_VMFLAG_LOCKED)
				   : sv_value_unknown();
}

static struct safevma_value get_onfault(safevma_cursor *c)
{
	const struct sv_num *flags = &c->vma->flags;

	if (!flags->known ||
		((flags->value & SV_VMFLAG_UNNAMED) && (flags->value & SV_VMFLAG_LOCKED)))
		return sv_value_unknown();
	return sv_value_bool(flags->value & SV_VMFLAG_LOCKONFAULT);
}

static struct safevma_value get_changed(safevma_cursor *c)
{
	return sv_value_bool(c->vma->changed);
}

/* Older kernels do not say so: that the word is not there tells nothing. */
static struct safevma_value get_may_guard(safevma_cursor *c)
{
	return c->vma->flags.known && (c->vma->flags.value & SV_VMFLAG_GUARD) ? sv_value_bool(true)
									      : sv_value_unknown();
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* A figure as bytes and, behind it, as pages. */
#define BOTH(level, head, json, help, shown, get)                                                  \
	SV_COL(head, json "_bytes", help, BYTES, shown, level##_##get),                            \
		SV_COL(head "-PAGES", "pages." json, help ", in pages", U64, false,                \
			level##_##get##_pages)

#define FIGURES(level, wide)                                                                       \
	SV_COL("SIZE", "size_bytes", "address space", BYTES, !(wide), level##_size),               \
		BOTH(level, "RESIDENT", "resident", "present in memory", true, resident),          \
		BOTH(level, "ABSENT", "absent", "nothing there yet", true, absent),                \
		SV_COL("FLAGGED", "flagged_bytes",                                                 \
			"of size: locked by the flag of the mapping, there or not, as VmLck",      \
			BYTES, wide, level##_flagged),                                             \
		BOTH(level, "MLOCKED", "mlocked",                                                  \
			"of resident: locked by the frame, by this process or another", true,      \
			mlocked),                                                                  \
		BOTH(level, "UNMARKED", "unmarked",                                                \
			"of resident: locked by the flag, and the frame is not marked", false,     \
			unmarked),                                                                 \
		BOTH(level, "FLAG-ONLY", "flag_only",                                              \
			"flag without a lock: nothing there, or the frame is not marked", false,   \
			flag_only),                                                                \
		BOTH(level, "COW", "cow", "awaits copy-on-write after a fork", false, cow),        \
		BOTH(level, "ALONE", "alone",                                                      \
			"no longer shared since a fork, and still write-protected", false, alone), \
		BOTH(level, "ZERO", "zero", "page of zeros in memory that can be written", false,  \
			zero),                                                                     \
		BOTH(level, "FILE-WRITE", "file_write",                                            \
			"pages of files at which a write faults, now or after writeback", false,   \
			file_write),                                                               \
		BOTH(level, "SWAPPED", "swapped", "in a swap area", false, swapped),               \
		BOTH(level, "GUARD", "guard", "guard regions: an access is fatal", false, guard),  \
		BOTH(level, "MARKER", "marker", "migration in flight, poison, userfaultfd", false, \
			marker),                                                                   \
		BOTH(level, "NONPRESENT", "nonpresent", "swap or marker, and which is not known",  \
			false, nonpresent),                                                        \
		SV_COL("HUGE", "huge_bytes", "mapped by huge page-table entries", BYTES, false,    \
			level##_huge),                                                             \
		BOTH(level, "FOLIO", "huge_folio",                                                 \
			"of resident: part of a huge folio, however it is mapped", false, folio),  \
		SV_COL("KSM", "ksm_bytes", "merged with equal pages (6.7)", BYTES, false,          \
			level##_ksm),                                                              \
		BOTH(level, "MOVABLE", "movable", "of resident: the kernel may move the frame",    \
			false, movable),                                                           \
		SV_COL("READ-FAULTS", "read_faults",                                               \
			"pages at which a read faults; one fault may serve several", U64, false,   \
			level##_read_faults),                                                      \
		SV_COL("WRITE-FAULTS", "write_faults",                                             \
			"pages at which a write faults; one fault may serve several", U64, false,  \
			level##_write_faults),                                                     \
		SV_COL("REASONS", "reasons", "why it can fault, worst first; see explain", WORDS,  \
			false, level##_reasons),                                                   \
		SV_COL("UNKNOWN", "unknown", "what could not be told", WORDS, false,               \
			level##_unknown)

#define WHY(level)                                                                                 \
	SV_COL("CAN-FAULT", "can_fault", "what can still fault here, and why", STRING, true,       \
		level##_sentence)

static const struct sv_column group_columns[] = {
	SV_PROCESS_COLUMNS,
	FIGURES(group, true),
	SV_COL("VMLCK", "vm_locked_bytes", "the kernel's own figure of what is flagged", BYTES,
		false, get_vm_locked),
	SV_COL("FUTURE", "future.state",
		"mappings that can be locked: covered, partly, none; inferred", STRING, true,
		get_future),
	SV_COL("LOCKABLE", "future.lockable", "mappings that can be locked", U64, false,
		get_lockable),
	SV_COL("UNFLAGGED", "future.unflagged", "of them, not locked", U64, false, get_unflagged),
	SV_COL("LOWEST", "future.lowest_unflagged",
		"lowest of those; new ones are placed downwards", HEX, false, get_lowest),
	SV_COL("MEMLOCK", "memlock.limit_bytes", "RLIMIT_MEMLOCK; unknown: see NO-LIMIT", BYTES,
		false, get_limit),
	SV_COL("NO-LIMIT", "memlock.unlimited", "there is none", BOOL, false, get_no_limit),
	SV_COL("EXEMPT", "memlock.exempt", "CAP_IPC_LOCK: mlock() heeds no limit", BOOL, false,
		get_exempt),
	SV_COL("LEFT", "memlock.left_bytes", "mlock(): the limit less VmLck", BYTES, true,
		get_left),
	SV_COL("SECRET", "memlock.secretmem_bytes", "secretmem that is there, of this process",
		BYTES, false, get_secret_used),
	SV_COL("SECRET-LEFT", "memlock.secretmem_left_bytes",
		"by user: the limit less that, at most; nothing is exempt", BYTES, false,
		get_secret_left),
	SV_COL("SECRET-RULE", "memlock.secretmem_rule",
		"user: secretmem is charged to the user, by the page", STRING, false, get_rule),
	SV_COL("STACK", "stack.size_bytes", "stack of the main thread", BYTES, false, get_stack),
	SV_COL("STACK-LIMIT", "stack.limit_bytes", "RLIMIT_STACK", BYTES, false, get_stack_limit),
	SV_COL("STACK-NO-LIMIT", "stack.unlimited", "there is none", BOOL, false,
		get_stack_unlimited),
	SV_COL("STACK-ROOM", "stack.room_bytes", "how far it can grow: each page a fault", BYTES,
		false, get_stack_room),
	SV_COL("HEAP", "heap.size_bytes", "what brk has", BYTES, false, get_heap),
	SV_COL("HEAP-ROOM", "heap.room_bytes", "address space above it, up to the next mapping",
		BYTES, false, get_heap_room),
	SV_COVERAGE_COLUMNS(false),
	WHY(group),
};

static const struct sv_column row_columns[] = {
	SV_COL("PID", NULL, "process number", U64, false, sv_get_pid),
	SV_COL("START", "start", "first address", HEX, true, sv_get_vma),
	SV_COL("END", "end", "address after the last", HEX, false, sv_get_vma_end),
	SV_COL("PERMS", "perms", "read, write, execute, shared or private", STRING, true,
		sv_get_perms),
	SV_COL("KIND", "kind", "what kind of memory", STRING, true, sv_get_kind),
	SV_COL("LOCK", "lock",
		"locked, onfault, locked-or-onfault, unlocked; or why none is for it: secretmem, "
		"hugetlb, kernel, driver, droppable",
		STRING, true, get_hold),
	SV_COL("FLAG", "lock_flag", "the mapping has the flag of a lock", BOOL, false, get_flag),
	SV_COL("ONFAULT", "onfault", "locked as it is touched", BOOL, false, get_onfault),
	FIGURES(row, false),
	SV_COL("MAY-GUARD", "may_hold_guards",
		"it had guard regions at some time; else unknown, older kernels do not say", BOOL,
		false, get_may_guard),
	SV_COL("CHANGED", "changed", "the mapping did not stay the same while read", BOOL, false,
		get_changed),
	SV_COL("PATH", "path", "file or name", STRING, false, sv_get_path),
	WHY(row),
};

static bool stacks_complete(const struct sv_process *p)
{
	for (size_t i = 0; i < p->stacks.len; i++)
		if (!p->stacks.ptr[i].sp.known)
			return false;
	return p->stacks_known;
}

bool sv_locks_complete(const safevma_observation *obs)
{
	struct sv_lock_process r;

	if (!sv_memory_complete(obs))
		return false;
	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];

		if (!p->selected || p->fate == SV_FATE_VANISHED)
			continue;
		sv_measure_locks_process(obs, p, &r);
		if (!sv_lock_figures_known(&r.sum) || !stacks_complete(p))
			return false;
	}
	return true;
}

const struct safevma_table sv_table_locks = {
	.name = "locks",
	.group_member = "processes",
	.row_member = "vmas",
	SV_GROUPS_OF_ROWS,
	.complete = sv_locks_complete,
	.coverage = sv_selected_coverage,
	.before = &sv_table_movers,
	.also = &sv_table_stacks,
	.none = SV_NONE_SELECTED,
};
