// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "iface/maps.h"
#include "table.h"

struct safevma_value sv_value_u64(enum safevma_type type, uint64_t v)
{
	return (struct safevma_value) { .type = type, .u64 = v };
}

struct safevma_value sv_value_num(enum safevma_type type, struct sv_num n)
{
	return n.known ? sv_value_u64(type, n.value) : sv_value_unknown();
}

struct safevma_value sv_value_i64(int64_t v)
{
	return (struct safevma_value) { .type = SAFEVMA_TYPE_I64, .i64 = v };
}

struct safevma_value sv_value_bool(bool v)
{
	return (struct safevma_value) { .type = SAFEVMA_TYPE_BOOL, .boolean = v };
}

struct safevma_value sv_value_bool_num(struct sv_num n)
{
	return n.known ? sv_value_bool(n.value != 0) : sv_value_unknown();
}

static struct safevma_value string(enum safevma_type type, const char *ptr, size_t len)
{
	return (struct safevma_value) { .type = type, .string = { .ptr = ptr, .len = len } };
}

struct safevma_value sv_value_text(const char *s)
{
	return s ? string(SAFEVMA_TYPE_STRING, s, strlen(s)) : sv_value_unknown();
}

struct safevma_value sv_value_words(const char *s)
{
	return string(SAFEVMA_TYPE_WORDS, s, strlen(s));
}

struct safevma_value sv_value_real(double v)
{
	return (struct safevma_value) { .type = SAFEVMA_TYPE_REAL, .real = v };
}

struct safevma_value sv_value_pairs(const char *s)
{
	return string(SAFEVMA_TYPE_PAIRS, s, strlen(s));
}

struct safevma_value sv_value_bytes_text(const struct sv_strbuf *b)
{
	return string(SAFEVMA_TYPE_STRING, b->ptr ? b->ptr : "", b->len);
}

struct safevma_value sv_value_span(struct sv_span s)
{
	return string(SAFEVMA_TYPE_STRING, s.ptr ? s.ptr : "", s.len);
}

bool sv_next_selected(safevma_cursor *c)
{
	while (c->next_process < c->obs->processes.len) {
		const struct sv_process *p = &c->obs->processes.ptr[c->next_process++];

		if (!p->selected)
			continue;
		c->process = p;
		c->next_index = c->next_page = 0;
		return true;
	}
	return false;
}

bool sv_memory_complete(const safevma_observation *obs)
{
	struct sv_coverage c;

	sv_selected_coverage(obs, &c);
	return !safevma_observation_lost(obs) && safevma_observation_selected(obs) &&
	       c.examined == c.total;
}

struct safevma_value sv_value_pages(const safevma_cursor *c, uint64_t pages)
{
	return sv_process_was_read(c->process) ? sv_value_u64(SAFEVMA_TYPE_U64, pages)
					       : sv_value_unknown();
}

struct safevma_value sv_get_pid(safevma_cursor *c)
{
	/* One that was forked meanwhile is not among the processes. */
	if (c->fault_process)
		return sv_value_u64(SAFEVMA_TYPE_U64, (uint64_t)c->fault_process->pid);
	return sv_value_u64(SAFEVMA_TYPE_U64, (uint64_t)c->process->pid);
}

struct safevma_value sv_get_comm(safevma_cursor *c)
{
	return sv_value_bytes_text(&c->process->comm);
}

struct safevma_value sv_get_exe(safevma_cursor *c)
{
	return c->process->exe_known ? sv_value_bytes_text(&c->process->exe) : sv_value_unknown();
}

struct safevma_value sv_get_start_ticks(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->process->start_ticks);
}

struct safevma_value sv_get_why(safevma_cursor *c)
{
	static const char *const words[] = { "named", "all", "realtime", "locked", "oom-exempt",
		"secretmem" };
	size_t at = 0;

	c->text[0] = 0;
	for (size_t i = 0; i < sv_array_size(words); i++)
		if (c->process->why >> i & 1)
			at += (size_t)snprintf(c->text + at, sizeof(c->text) - at, "%s%s",
				at ? " " : "", words[i]);
	return sv_value_words(c->text);
}

struct safevma_value sv_get_fate(safevma_cursor *c)
{
	static const char *const names[] = { "stable", "changed", "vanished", "unread" };

	return sv_value_text(names[c->process->fate]);
}

struct safevma_value sv_get_vma(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->vma->start);
}

struct safevma_value sv_get_vma_end(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->vma->end);
}

struct safevma_value sv_get_perms(safevma_cursor *c)
{
	return sv_perms_text(c, c->vma->perms);
}

#define COVERAGE(name)                                                                             \
	struct safevma_value sv_get_##name(safevma_cursor *c)                                      \
	{                                                                                          \
		return sv_value_pages(c, c->group_figures.coverage.name);                          \
	}
COVERAGE(examined)
COVERAGE(total)
COVERAGE(unreadable)
COVERAGE(changed)

struct safevma_value sv_get_zone(safevma_cursor *c)
{
	return sv_value_text(c->zone->span.name);
}

struct safevma_value sv_get_zone_first(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->zone->span.start_pfn);
}

struct safevma_value sv_get_zone_last(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->zone->span.end_pfn - 1);
}

/* A mapping that looks like secretmem and could not be confirmed: no kind that we would vouch for.
 */
struct safevma_value sv_get_kind(safevma_cursor *c)
{
	return c->vma->secret == SV_SECRET_UNKNOWN ? sv_value_unknown()
						   : sv_value_text(sv_kind_name(c->vma->kind));
}

struct safevma_value sv_get_path(safevma_cursor *c)
{
	return sv_value_span(c->vma->path);
}

struct safevma_value sv_perms_text(safevma_cursor *c, unsigned int p)
{
	snprintf(c->text, sizeof(c->text), "%c%c%c%c", p & SV_PERM_READ ? 'r' : '-',
		p & SV_PERM_WRITE ? 'w' : '-', p & SV_PERM_EXEC ? 'x' : '-',
		p & SV_PERM_SHARED ? 's' : 'p');
	return sv_value_text(c->text);
}

enum { OTHERS_SHOWN = 64 };

static int add_other(safevma_cursor *c, const struct sv_kernelmap *map, uint64_t pfn,
	const struct sv_kmapping *m)
{
	uint64_t vaddr = m->vaddr + ((pfn - m->pfn) << map->page_shift);

	return sv_strbuf_printf(&c->scratch, "%s%s:%s:0x%llx", c->scratch.len ? " " : "",
		sv_kzone_name(m->zone), m->writable ? "rw" : "ro", (unsigned long long)vaddr);
}

/*
 * Of a run they are those of its first page; those of the rest go on beside it. Where there are
 * more than one can look at, the last word says how many.
 */
struct safevma_value sv_other_mappings(
	safevma_cursor *c, const struct sv_kernelmap *map, struct sv_num pfn, struct sv_num others)
{
	const struct sv_kmapping *m;
	size_t at = 0, n = 0;
	int rc;

	if (!others.known || !pfn.known)
		return sv_value_unknown();
	c->scratch.len = 0;
	rc = sv_strbuf_add(&c->scratch, "", 0);
	while (!rc && (m = sv_kernelmap_other(map, pfn.value, &at)))
		rc = n++ < OTHERS_SHOWN ? add_other(c, map, pfn.value, m) : 0;
	if (!rc && n > OTHERS_SHOWN)
		rc = sv_strbuf_printf(&c->scratch, " and:%zu:more", n - OTHERS_SHOWN);
	if (!rc)
		return sv_value_words(c->scratch.ptr);
	c->failed = true;
	return sv_value_unknown();
}

struct safevma_value sv_value_class(enum sv_class class)
{
	return class == SV_CLASS_UNKNOWN ? sv_value_unknown()
					 : sv_value_text(sv_class_info(class)->name);
}

struct safevma_value sv_get_reach(safevma_cursor *c)
{
	return c->run.reached.reach == SV_REACH_UNKNOWN
		       ? sv_value_unknown()
		       : sv_value_text(sv_reach_name(c->run.reached.reach));
}

struct safevma_value sv_get_basis(safevma_cursor *c)
{
	return c->run.reached.basis == SV_BASIS_NONE
		       ? sv_value_unknown()
		       : sv_value_text(sv_basis_name(c->run.reached.basis));
}

struct safevma_value sv_get_alias(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_HEX, c->run.reached.alias);
}

struct safevma_value sv_get_alias_perm(safevma_cursor *c)
{
	return sv_value_text(sv_perm_name(c->run.reached.perm));
}
