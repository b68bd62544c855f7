// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sysfiles.h"

#include "base/error.h"
#include "field.h"
#include "maps.h"

static bool starts(struct sv_span s, const char *lit)
{
	return sv_take_lit(&s, lit);
}

/* smaps_rollup begins with a line like those of maps; the rest of it are our lines. */
static bool next_sized_line(struct sv_text *text, struct sv_span *ret)
{
	struct sv_maps_entry rollup;

	while (sv_text_line(text, ret))
		if (!sv_maps_parse_line(*ret, &rollup))
			return true;
	return false;
}

int sv_meminfo_next(struct sv_text *text, struct sv_keyval *ret, struct safevma_error *err)
{
	struct sv_span line, value, key;
	sv_field_reader *read;
	struct sv_num n;

	if (!next_sized_line(text, &line))
		return 0;
	value = line;
	if (!sv_take_until(&value, ':', &key) || !key.len)
		return sv_text_error(text, err, "'Name: N kB'", line);
	/* Counts of pages have no unit; a size that lost its unit would be 1024 times too small. */
	read = starts(key, "HugePages_") ? sv_field_dec : sv_field_kb;
	if (read(text, value, &n, err))
		return -1;
	*ret = (struct sv_keyval) { .key = key, .value = n.value };
	return 1;
}

int sv_vmstat_next(struct sv_text *text, struct sv_keyval *ret, struct safevma_error *err)
{
	struct sv_span line, value, key;
	struct sv_num n;

	if (!sv_text_line(text, &line))
		return 0;
	value = line;
	if (!sv_take_word(&value, &key))
		return sv_text_error(text, err, "'name N'", line);
	if (sv_field_dec(text, value, &n, err))
		return -1;
	*ret = (struct sv_keyval) { .key = key, .value = n.value };
	return 1;
}

int sv_number_parse(struct sv_text text, int64_t *ret, struct safevma_error *err)
{
	struct sv_span line = { 0 }, s;
	int64_t n;

	if (!sv_text_line(&text, &line))
		return sv_text_error(&text, err, "a number", line);
	s = sv_trim(line);
	if (!sv_take_int(&s, &n) || s.len)
		return sv_text_error(&text, err, "a number within 64 bits", line);
	if (sv_text_line(&text, &line))
		return sv_text_error(&text, err, "the end after one number", line);
	*ret = n;
	return 0;
}

static bool take_column(struct sv_span *s, struct sv_span *ret)
{
	sv_skip_blanks(s);
	return sv_take_word(s, ret);
}

static bool take_limit(struct sv_span *s, struct sv_num *ret)
{
	struct sv_span word;
	uint64_t n = UINT64_MAX;

	if (!take_column(s, &word))
		return false;
	if (!sv_span_is(word, "unlimited") && (!sv_take_dec(&word, &n) || word.len))
		return false;
	*ret = sv_known(n);
	return true;
}

/* Names are padded to 25 bytes and none holds two blanks in a row, so those end a name. */
static bool take_limit_name(struct sv_span *s, const char *name)
{
	return sv_take_lit(s, name) && starts(*s, "  ");
}

int sv_limits_find(
	struct sv_text text, const char *name, struct sv_limit *ret, struct safevma_error *err)
{
	struct sv_limit limit = { 0 };
	struct sv_span line, s;

	if (sv_text_line(&text, &line) && !starts(line, "Limit  "))
		return sv_text_error(&text, err, "the head of the table, 'Limit'", line);
	while (sv_text_line(&text, &line)) {
		s = line;
		if (!take_limit_name(&s, name))
			continue;
		if (!take_limit(&s, &limit.soft) || !take_limit(&s, &limit.hard))
			return sv_text_error(&text, err, "a name and two limits", line);
		break;
	}
	*ret = limit;
	return 0;
}

static bool take_int_column(struct sv_span *s, int64_t *ret)
{
	struct sv_span word;

	return take_column(s, &word) && sv_take_int(&word, ret) && !word.len;
}

static bool take_kb_column(struct sv_span *s, uint64_t *ret)
{
	int64_t kb;

	return take_int_column(s, &kb) && kb >= 0 &&
	       !__builtin_mul_overflow((uint64_t)kb, (uint64_t)1024, ret);
}

/* Blanks in the file's name are escaped by the kernel: five words, always. */
static bool take_swap_line(struct sv_span s, struct sv_swap_area *ret)
{
	return take_column(&s, &ret->file) && take_column(&s, &ret->type) &&
	       take_kb_column(&s, &ret->size_bytes) && take_kb_column(&s, &ret->used_bytes) &&
	       take_int_column(&s, &ret->priority) && !sv_trim(s).len;
}

static const char swaps_head[] = "the head of the table, 'Filename'";
static const char swaps_line[] = "'FILE TYPE SIZE USED PRIORITY'";

int sv_swaps_next(struct sv_text *text, struct sv_swap_area *ret, struct safevma_error *err)
{
	struct sv_swap_area area = { 0 };
	struct sv_span line = { 0 };

	if (!text->line && (!sv_text_line(text, &line) || !starts(line, "Filename\t")))
		return sv_text_error(text, err, swaps_head, line);
	if (!sv_text_line(text, &line))
		return 0;
	if (!take_swap_line(line, &area))
		return sv_text_error(text, err, swaps_line, line);
	*ret = area;
	return 1;
}

int sv_swaps_count(struct sv_text text, uint64_t *ret, struct safevma_error *err)
{
	struct sv_swap_area area;
	uint64_t count = 0;
	int rc;

	while ((rc = sv_swaps_next(&text, &area, err)) > 0)
		count++;
	if (!rc)
		*ret = count;
	return rc;
}

/* "5" or "2-5" */
static bool take_stretch(struct sv_span s, uint64_t *count)
{
	uint64_t first, last;

	if (!sv_take_dec(&s, &first))
		return false;
	last = first;
	if (sv_take_lit(&s, "-") && !sv_take_dec(&s, &last))
		return false;
	*count += last - first + 1;
	return !s.len && last >= first && last < UINT32_MAX;
}

int sv_list_count(struct sv_text text, uint64_t *ret, struct safevma_error *err)
{
	struct sv_span line = { 0 }, rest, one;
	uint64_t count = 0;
	bool good = sv_text_line(&text, &line);

	rest = sv_trim(line);
	while (good && sv_take_until(&rest, ',', &one))
		good = take_stretch(one, &count);
	if (!good || !take_stretch(rest, &count))
		return sv_text_error(&text, err, "a list of numbers such as 0-3,5", line);
	*ret = count;
	return 0;
}

static bool has_controller(struct sv_span list, const char *name)
{
	struct sv_span one;

	while (sv_take_until(&list, ',', &one))
		if (sv_span_is(one, name))
			return true;
	return sv_span_is(list, name);
}

/* How much we want a hierarchy: 0 for not at all. */
static unsigned int cgroup_rank(uint64_t id, struct sv_span controllers)
{
	if (id == 0 && !controllers.len)
		return 3;
	if (has_controller(controllers, "memory"))
		return 2;
	return has_controller(controllers, "name=systemd") ? 1 : 0;
}

enum { NAMES_A_GROUP = 8 };

int sv_cgroup_path(struct sv_text text, struct sv_span *ret, struct safevma_error *err)
{
	struct sv_span best = { 0 }, line, path, controllers;
	unsigned int best_rank = 0, rank;
	uint64_t id;

	while (sv_text_line(&text, &line)) {
		path = line;
		if (!sv_take_dec(&path, &id) || !sv_take_lit(&path, ":") ||
			!sv_take_until(&path, ':', &controllers) || !starts(path, "/"))
			return sv_text_error(&text, err, "'ID:CONTROLLERS:/PATH'", line);
		rank = cgroup_rank(id, controllers);
		/* On systems with both hierarchies one of them holds only its root: tells nothing.
		 */
		if (rank && path.len > 1)
			rank += NAMES_A_GROUP;
		if (rank > best_rank) {
			best_rank = rank;
			best = path;
		}
	}
	*ret = best;
	return 0;
}

int sv_keyval_collect(struct sv_text text,
	int (*next)(struct sv_text *, struct sv_keyval *, struct safevma_error *),
	const struct sv_keyval_wanted *wanted, size_t n, struct safevma_error *err)
{
	struct sv_keyval kv;
	int rc;

	while ((rc = next(&text, &kv, err)) > 0)
		for (size_t i = 0; i < n; i++)
			if (sv_span_is(kv.key, wanted[i].key))
				*wanted[i].to = sv_known(kv.value);
	return rc;
}

int sv_choice_parse(struct sv_text text, struct sv_span *ret, struct safevma_error *err)
{
	struct sv_span line = { 0 }, rest, word;

	if (sv_text_line(&text, &line))
		for (rest = sv_trim(line); sv_take_word(&rest, &word); sv_skip_blanks(&rest))
			if (word.len > 2 && word.ptr[0] == '[' && word.ptr[word.len - 1] == ']') {
				*ret = (struct sv_span) { .ptr = word.ptr + 1,
					.len = word.len - 2 };
				return 0;
			}
	return sv_text_error(&text, err, "words with one in brackets", line);
}

/* Stack pointer and program counter are the last two words, 0xHEX; what is before them has no use.
 */
int sv_syscall_parse(struct sv_text text, struct sv_num *ret, struct safevma_error *err)
{
	struct sv_span line = { 0 }, rest, word, last[2] = { 0 };
	struct sv_num sp;
	size_t n = 0;

	if (sv_text_line(&text, &line) && sv_span_is(sv_trim(line), "running")) {
		*ret = (struct sv_num) { 0 };
		return 0;
	}
	for (rest = sv_trim(line); sv_take_word(&rest, &word); sv_skip_blanks(&rest), n++) {
		last[0] = last[1];
		last[1] = word;
	}
	if ((n != 3 && n != 9) || !sv_take_lit(&last[0], "0x") ||
		!sv_take_hex(&last[0], &sp.value) || last[0].len)
		return sv_text_error(&text, err, "'running', or 3 or 9 words", line);
	*ret = sv_known(sp.value);
	return 0;
}
