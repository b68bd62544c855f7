// SPDX-License-Identifier: LGPL-2.1-or-later
/* faults: sums by process and mapping; the faults one by one; what was seen of all there were. */
#include <stdio.h>

#include "table.h"

#define COUNT(n)  sv_value_num(SAFEVMA_TYPE_U64, n)
#define NUMBER(n) sv_value_u64(SAFEVMA_TYPE_U64, n)
#define HEX(n)	  sv_value_u64(SAFEVMA_TYPE_HEX, n)

static const struct sv_faultlog *faultlog(const safevma_cursor *c)
{
	return &c->obs->faults;
}

static struct safevma_value string_of(const safevma_cursor *c, uint32_t number)
{
	return number == SV_NO_STRING ? sv_value_unknown()
				      : sv_value_text(faultlog(c)->strings.ptr[number]);
}

/* ---- faults one by one ----------------------------------------------------------------------- */

static bool next_fault(safevma_cursor *c)
{
	if (c->next_index >= faultlog(c)->faults.len)
		return false;
	c->fault = &faultlog(c)->faults.ptr[c->next_index++];
	return true;
}

#define FAULT(name, expr)                                                                          \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_fault *f = c->fault;                                               \
		return expr;                                                                       \
	}

FAULT(time, sv_value_real(f->time_ns > faultlog(c)->start_monotonic_ns
				  ? (double)(f->time_ns - faultlog(c)->start_monotonic_ns) / 1e9
				  : 0))
FAULT(pid, NUMBER((uint64_t)f->pid))
FAULT(tid, NUMBER((uint64_t)f->tid))
FAULT(comm, string_of(c, f->comm))
FAULT(kind, sv_value_text(sv_fault_kind_name(f->kind)))
FAULT(cause, sv_value_text(sv_fault_cause_name(f->cause)))
FAULT(event, sv_value_text(faultlog(c)->events.ptr[f->event].name))
FAULT(kernel, sv_value_bool(f->kernel))
FAULT(addr, HEX(f->addr))
FAULT(start, f->placed ? HEX(f->start) : sv_value_unknown())
FAULT(end, f->placed ? HEX(f->end) : sv_value_unknown())
FAULT(perms, f->placed ? sv_perms_text(c, f->perms) : sv_value_unknown())
FAULT(in_vma, f->placed ? HEX(f->addr - f->start) : sv_value_unknown())
FAULT(offset, f->placed && f->file ? HEX(f->offset) : sv_value_unknown())
FAULT(path, f->placed ? string_of(c, f->path) : sv_value_unknown())
FAULT(basis, f->placed ? sv_value_text(f->by_event ? "event" : "maps") : sv_value_unknown())
FAULT(ip, HEX(f->ip))
FAULT(code, f->kernel ? sv_value_text("[kernel]") : string_of(c, f->code))
FAULT(code_offset, f->code == SV_NO_STRING ? sv_value_unknown() : HEX(f->code_offset))

static const struct sv_column fault_columns[] = {
	SV_COL("TIME", "seconds", "seconds after the start", REAL, true, get_time),
	SV_COL("PID", "pid", "process number", U64, true, get_pid),
	SV_COL("TID", "tid", "thread number", U64, true, get_tid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, get_comm),
	SV_COL("FAULT", "fault", "minor, major; fault where the event does not tell; event", STRING,
		true, get_kind),
	SV_COL("CAUSE", "cause", "first-touch, file, write, again; inferred from what was there",
		STRING, true, get_cause),
	SV_COL("EVENT", "event", "name of the event", STRING, false, get_event),
	SV_COL("KERNEL", "in_kernel", "taken inside a system call", BOOL, false, get_kernel),
	SV_COL("ADDRESS", "address", "address that faulted", HEX, true, get_addr),
	SV_COL("START", "vma.start", "first address of its mapping", HEX, true, get_start),
	SV_COL("END", "vma.end", "address behind it", HEX, false, get_end),
	SV_COL("PERMS", "vma.perms", "what the process may do there", STRING, true, get_perms),
	SV_COL("IN-VMA", "vma.offset", "distance from the start of the mapping", HEX, true,
		get_in_vma),
	SV_COL("OFFSET", "file_offset", "the same in its file", HEX, false, get_offset),
	SV_COL("BASIS", "basis", "how the mapping is known: maps, or an event", STRING, false,
		get_basis),
	SV_COL("IP", "ip", "address of the instruction", HEX, false, get_ip),
	SV_COL("CODE", "code.object", "what the instruction belongs to", STRING, true, get_code),
	SV_COL("AT", "code.offset", "offset of the instruction in it", HEX, true, get_code_offset),
	SV_COL("PATH", "vma.path", "file or name of the mapping", STRING, true, get_path),
};

static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_FAULTS;
}

const struct safevma_table sv_table_fault_events = {
	.name = "fault-events",
	.row_member = "faults",
	.row_columns = fault_columns,
	.row_count = sv_array_size(fault_columns),
	.next_row = next_fault,
	.wanted = wanted,
	.also = &sv_table_sampling,
	.none = "no fault was seen",
};

/* ---- sums ------------------------------------------------------------------------------------ */

static bool next_process(safevma_cursor *c)
{
	if (c->next_process >= faultlog(c)->processes.len)
		return false;
	c->fault_process = &faultlog(c)->processes.ptr[c->next_process++];
	c->next_index = 0;
	return true;
}

static bool next_sum(safevma_cursor *c)
{
	while (c->next_index < faultlog(c)->sums.len) {
		c->fault_sum = &faultlog(c)->sums.ptr[c->next_index++];
		if (c->fault_sum->pid == c->fault_process->pid)
			return true;
	}
	return false;
}

#define PROCESS(name, expr)                                                                        \
	static struct safevma_value get_process_##name(safevma_cursor *c)                          \
	{                                                                                          \
		const struct sv_fault_process *p = c->fault_process;                               \
		return expr;                                                                       \
	}

PROCESS(pid, NUMBER((uint64_t)p->pid))
PROCESS(followed, sv_value_bool(p->followed))
PROCESS(minor, NUMBER(p->kinds[SV_FAULT_MINOR]))
PROCESS(major, NUMBER(p->kinds[SV_FAULT_MAJOR]))
PROCESS(any, NUMBER(p->kinds[SV_FAULT_ANY]))
PROCESS(other, NUMBER(p->kinds[SV_FAULT_OTHER]))
PROCESS(unplaced, NUMBER(p->unplaced))
PROCESS(counted_minor, COUNT(p->minor))
PROCESS(counted_major, COUNT(p->major))

static struct safevma_value get_process_comm(safevma_cursor *c)
{
	if (c->fault_process->comm != SV_NO_STRING)
		return string_of(c, c->fault_process->comm);
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (c->obs->processes.ptr[i].pid == c->fault_process->pid)
			return sv_value_bytes_text(&c->obs->processes.ptr[i].comm);
	return sv_value_unknown();
}

/* Counted by stat and not sampled: resolved without an event, or lost. */
static struct safevma_value get_process_unseen(safevma_cursor *c)
{
	const struct sv_fault_process *p = c->fault_process;
	uint64_t seen = p->kinds[SV_FAULT_MINOR] + p->kinds[SV_FAULT_MAJOR];

	if (!p->minor.known || !p->major.known || p->kinds[SV_FAULT_ANY])
		return sv_value_unknown();
	return sv_value_i64((int64_t)(p->minor.value + p->major.value - seen));
}

static const struct sv_column group_columns[] = {
	SV_COL("PID", "pid", "process number", U64, true, get_process_pid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, get_process_comm),
	SV_COL("FOLLOWED", "followed", "it was forked by one that was looked at", BOOL, true,
		get_process_followed),
	SV_ALARM("MINOR", "minor_faults", "minor faults sampled", U64, true, get_process_minor),
	SV_ALARM("MAJOR", "major_faults", "major faults sampled", U64, true, get_process_major),
	SV_COL("FAULTS", "faults", "faults sampled of which the event does not tell", U64, false,
		get_process_any),
	SV_COL("EVENTS", "events", "other events sampled", U64, false, get_process_other),
	SV_ALARM("UNPLACED", "unplaced", "of addresses whose mapping is not known", U64, true,
		get_process_unplaced),
	SV_COL("COUNTED-MINOR", "counted_minor_faults", "minor faults that stat counted meanwhile",
		U64, true, get_process_counted_minor),
	SV_COL("COUNTED-MAJOR", "counted_major_faults", "major faults that stat counted meanwhile",
		U64, false, get_process_counted_major),
	SV_COL("UNSEEN", "unseen_faults", "counted by stat but not sampled", I64, true,
		get_process_unseen),
};

#define SUM(name, expr)                                                                            \
	static struct safevma_value get_sum_##name(safevma_cursor *c)                              \
	{                                                                                          \
		const struct sv_fault_sum *s = c->fault_sum;                                       \
		return expr;                                                                       \
	}

SUM(start, s->placed ? HEX(s->start) : sv_value_unknown())
SUM(end, s->placed ? HEX(s->end) : sv_value_unknown())
SUM(perms, s->placed ? sv_perms_text(c, s->perms) : sv_value_unknown())
SUM(minor, NUMBER(s->kinds[SV_FAULT_MINOR]))
SUM(major, NUMBER(s->kinds[SV_FAULT_MAJOR]))
SUM(any, NUMBER(s->kinds[SV_FAULT_ANY]))
SUM(other, NUMBER(s->kinds[SV_FAULT_OTHER]))
SUM(first, NUMBER(s->causes[SV_CAUSE_FIRST_TOUCH]))
SUM(file, NUMBER(s->causes[SV_CAUSE_FILE]))
SUM(write, NUMBER(s->causes[SV_CAUSE_WRITE]))
SUM(again, NUMBER(s->causes[SV_CAUSE_AGAIN]))
SUM(kernel, NUMBER(s->kernel))
SUM(lowest, HEX(s->pages_first))
SUM(highest, HEX(s->pages_last))
SUM(path, s->placed ? string_of(c, s->path) : sv_value_unknown())

static const struct sv_column row_columns[] = {
	SV_COL("START", "start", "first address of the mapping; - where it is not known", HEX, true,
		get_sum_start),
	SV_COL("END", "end", "address behind it", HEX, true, get_sum_end),
	SV_COL("PERMS", "perms", "what the process may do", STRING, true, get_sum_perms),
	SV_ALARM("MINOR", "minor_faults", "minor faults", U64, true, get_sum_minor),
	SV_ALARM("MAJOR", "major_faults", "major faults", U64, true, get_sum_major),
	SV_COL("FAULTS", "faults", "faults of which the event does not tell", U64, false,
		get_sum_any),
	SV_COL("EVENTS", "events", "other events", U64, false, get_sum_other),
	SV_COL("FIRST", "first_touches", "of memory without a file, touched first", U64, true,
		get_sum_first),
	SV_COL("FILE", "file_pages", "of pages of a file that were not there", U64, true,
		get_sum_file),
	SV_COL("WRITE", "writes", "writes to pages that were there: copies", U64, true,
		get_sum_write),
	SV_COL("AGAIN", "repeated", "of pages that had faulted before meanwhile", U64, true,
		get_sum_again),
	SV_COL("KERNEL", "in_kernel", "taken inside system calls", U64, false, get_sum_kernel),
	SV_COL("LOWEST", "lowest_address", "lowest address that faulted", HEX, false,
		get_sum_lowest),
	SV_COL("HIGHEST", "highest_address", "highest one", HEX, false, get_sum_highest),
	SV_COL("PATH", "path", "file or name of the mapping", STRING, true, get_sum_path),
};

static bool complete(const safevma_observation *obs)
{
	struct sv_faults_sums s;

	sv_measure_faults(obs, &s);
	return s.doubt == SV_DOUBT_NONE && !obs->faults.dropped;
}

static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	struct sv_faults_sums s;

	sv_measure_faults(obs, &s);
	*ret = (struct sv_coverage) { .examined = s.sampled, .unreadable = s.lost.value };
	ret->total = ret->examined + ret->unreadable;
}

#define TABLE(called, next)                                                                        \
	{                                                                                          \
		.name = called, .group_member = "processes", .row_member = "vmas",                 \
		.group_columns = group_columns, .group_count = sv_array_size(group_columns),       \
		.row_columns = row_columns, .row_count = sv_array_size(row_columns),               \
		.next_group = next_process, .next_row = next_sum, .complete = complete,            \
		.coverage = coverage, .also = next,                                                \
		.none = "no process was selected: name one with -p PID, or give a command after "  \
			"--",                                                                      \
	}

const struct safevma_table sv_table_faults = TABLE("faults", &sv_table_fault_events);

/* In text faults are told as they come. */
const struct safevma_table sv_table_faulted = TABLE("faulted", &sv_table_sampling);

/* ---- what was seen of all there were --------------------------------------------------------- */

static bool next_sampling(safevma_cursor *c)
{
	if (c->next_index++)
		return false;
	sv_measure_faults(c->obs, &c->faults_sums);
	return true;
}

#define SAMPLING(name, expr)                                                                       \
	static struct safevma_value get_sampling_##name(safevma_cursor *c)                         \
	{                                                                                          \
		const struct sv_faultlog *l = faultlog(c);                                         \
		const struct sv_faults_sums *s = &c->faults_sums;                                  \
		(void)l;                                                                           \
		(void)s;                                                                           \
		return expr;                                                                       \
	}

SAMPLING(verdict, l->until_fault ? sv_value_text(sv_verdict_name(s->verdict)) : sv_value_unknown())
SAMPLING(reason, sv_value_text(s->doubt			  ? sv_faults_doubt_text(s->doubt)
			       : l->hit && l->until_fault ? "it faulted"
							  : NULL))
SAMPLING(seconds,
	s->span_ns.known ? sv_value_real((double)s->span_ns.value / 1e9) : sv_value_unknown())
SAMPLING(sampled, NUMBER(s->sampled))
SAMPLING(counted, COUNT(s->counted))
SAMPLING(lost, COUNT(s->lost))
SAMPLING(throttled, NUMBER(l->throttled))
SAMPLING(minor, NUMBER(s->kinds[SV_FAULT_MINOR]))
SAMPLING(major, NUMBER(s->kinds[SV_FAULT_MAJOR]))
SAMPLING(unplaced, NUMBER(l->unplaced))
SAMPLING(dropped, NUMBER(l->dropped))
SAMPLING(threads, NUMBER(l->threads))
SAMPLING(failed, NUMBER(l->threads_failed))
SAMPLING(kernel, l->made ? sv_value_bool(l->kernel) : sv_value_unknown())
SAMPLING(ring, sv_value_u64(SAFEVMA_TYPE_BYTES, l->ring_bytes))
SAMPLING(command, COUNT(l->command))
SAMPLING(status, COUNT(l->command_status))
SAMPLING(signal, COUNT(l->command_signal))

static struct safevma_value get_sampling_events(safevma_cursor *c)
{
	c->scratch.len = 0;
	for (size_t i = 0; i < faultlog(c)->events.len; i++)
		if (sv_strbuf_printf(
			    &c->scratch, i ? " %s" : "%s", faultlog(c)->events.ptr[i].name)) {
			c->failed = true;
			return sv_value_unknown();
		}
	return sv_value_words(c->scratch.ptr ? c->scratch.ptr : "");
}

static const struct sv_column sampling_columns[] = {
	SV_COL("VERDICT", "verdict", "of --until-fault: pass, fail, unknown", STRING, true,
		get_sampling_verdict),
	SV_COL("REASON", "reason", "why it is not a pass, or what is missing", STRING, true,
		get_sampling_reason),
	SV_COL("SECONDS", "seconds", "how long was looked", REAL, true, get_sampling_seconds),
	SV_COL("SAMPLED", "sampled", "faults (or events) told of one by one", U64, true,
		get_sampling_sampled),
	SV_COL("COUNTED", "counted", "the same as the kernel counted them", U64, true,
		get_sampling_counted),
	SV_ALARM("LOST", "lost", "counted, and not told of", U64, true, get_sampling_lost),
	SV_ALARM("THROTTLED", "throttled", "times that the kernel held events back", U64, false,
		get_sampling_throttled),
	SV_COL("MINOR", "minor_faults", "minor faults sampled", U64, true, get_sampling_minor),
	SV_COL("MAJOR", "major_faults", "major faults sampled", U64, true, get_sampling_major),
	SV_ALARM("UNPLACED", "unplaced", "of addresses whose mapping is not known", U64, true,
		get_sampling_unplaced),
	SV_ALARM("DROPPED", "dropped", "sampled, summed, and not listed: there were too many", U64,
		false, get_sampling_dropped),
	SV_COL("THREADS", "threads", "threads that were there at the start", U64, true,
		get_sampling_threads),
	SV_ALARM("FAILED", "threads_failed", "of these, events could not be opened for", U64, true,
		get_sampling_failed),
	SV_COL("KERNEL", "in_kernel", "faults inside system calls are told of, too", BOOL, true,
		get_sampling_kernel),
	SV_COL("EVENTS", "events", "what was sampled", WORDS, true, get_sampling_events),
	SV_COL("RINGS", "ring_bytes", "memory that events wait in", BYTES, false,
		get_sampling_ring),
	SV_COL("COMMAND", "command_pid", "number of the command that was run", U64, false,
		get_sampling_command),
	SV_COL("STATUS", "command_status", "its exit status", U64, true, get_sampling_status),
	SV_COL("SIGNAL", "command_signal", "or the signal that ended it", U64, false,
		get_sampling_signal),
};

const struct safevma_table sv_table_sampling = {
	.name = "sampling",
	.row_member = "sampling",
	.row_columns = sampling_columns,
	.row_count = sv_array_size(sampling_columns),
	.next_row = next_sampling,
	.wanted = wanted,
	.upright = true,
	.none = "nothing was sampled",
};
