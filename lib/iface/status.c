// SPDX-License-Identifier: LGPL-2.1-or-later
#include "status.h"

#include "base/error.h"
#include "field.h"

struct list {
	uint64_t first, second, last;
	uint64_t count;
};

/* Numbers with blanks between them, as in Uid: and NSpid:. */
static int read_list(const struct sv_text *text, struct sv_span value, uint64_t at_least,
	struct list *ret, struct safevma_error *err)
{
	struct sv_span rest = sv_trim(value), word;
	struct list l = { 0 };
	struct sv_num n;

	for (; sv_take_word(&rest, &word); sv_skip_blanks(&rest)) {
		if (sv_field_dec(text, word, &n, err))
			return -1;
		l.count++;
		l.last = n.value;
		if (l.count == 1)
			l.first = n.value;
		if (l.count == 2)
			l.second = n.value;
	}
	if (l.count < at_least)
		return sv_text_error(text, err, "more numbers", value);
	*ret = l;
	return 0;
}

static int read_uid_real(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err)
{
	struct list l;

	if (read_list(text, value, 4, &l, err))
		return -1;
	*ret = sv_known(l.first);
	return 0;
}

static int read_uid_effective(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err)
{
	struct list l;

	if (read_list(text, value, 4, &l, err))
		return -1;
	*ret = sv_known(l.second);
	return 0;
}

static int read_last(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err)
{
	struct list l;

	if (read_list(text, value, 1, &l, err))
		return -1;
	*ret = sv_known(l.last);
	return 0;
}

static int read_count(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err)
{
	struct list l;

	if (read_list(text, value, 1, &l, err))
		return -1;
	*ret = sv_known(l.count);
	return 0;
}

#define FIELD(name, reader, member)                                                                \
	{                                                                                          \
		.key = (name), .read = (reader), .offset = offsetof(struct sv_status, member)      \
	}

static const struct sv_field fields[] = {
	FIELD("Tgid", sv_field_dec, tgid),
	FIELD("PPid", sv_field_dec, ppid),
	FIELD("TracerPid", sv_field_dec, tracer),
	FIELD("Uid", read_uid_real, uid_real),
	FIELD("Uid", read_uid_effective, uid_effective),
	FIELD("NSpid", read_last, ns_tgid_inner),
	FIELD("NSpid", read_count, ns_levels),
	FIELD("VmSize", sv_field_kb, vm_size_bytes),
	FIELD("VmRSS", sv_field_kb, vm_rss_bytes),
	FIELD("VmLck", sv_field_kb, vm_locked_bytes),
	FIELD("VmPin", sv_field_kb, vm_pinned_bytes),
	FIELD("VmSwap", sv_field_kb, vm_swap_bytes),
	FIELD("VmData", sv_field_kb, vm_data_bytes),
	FIELD("VmStk", sv_field_kb, vm_stack_bytes),
	FIELD("VmPTE", sv_field_kb, vm_pte_bytes),
	FIELD("HugetlbPages", sv_field_kb, hugetlb_bytes),
	FIELD("Threads", sv_field_dec, threads),
	FIELD("CapEff", sv_field_hex, cap_effective),
	FIELD("THP_enabled", sv_field_dec, thp_enabled),
	{ .key = NULL },
};

int sv_status_parse(struct sv_text text, struct sv_status *ret, struct safevma_error *err)
{
	struct sv_status st = { 0 };
	struct sv_span line = { 0 };

	if (!sv_text_line(&text, &line) || !sv_take_lit(&line, "Name:\t"))
		return sv_text_error(&text, err, "'Name:'", line);
	st.name = line;
	while (sv_text_line(&text, &line))
		if (sv_field_line(fields, &text, line, &st, err))
			return -1;
	*ret = st;
	return 0;
}
