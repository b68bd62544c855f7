// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cgroupfile.h"

#include <string.h>

#include "base/error.h"

/* A file of a recording has a name of its own, and a tag perhaps: 255 bytes have to do for all. */
enum { LONGEST_PART = 200 };

static const char digits[] = "0123456789ABCDEF";

static bool plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._+:~-/", c));
}

static int add_coded(struct sv_strbuf *to, struct sv_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		const char coded[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (plain(c) ? sv_strbuf_add(to, &s.ptr[i], 1) : sv_strbuf_add(to, coded, 3))
			return -1;
	}
	return 0;
}

static struct sv_span without_slashes(struct sv_span s)
{
	while (s.len && s.ptr[0] == '/') {
		s.ptr++;
		s.len--;
	}
	while (s.len && s.ptr[s.len - 1] == '/')
		s.len--;
	return s;
}

static int add_part(struct sv_strbuf *to, struct sv_span part)
{
	part = without_slashes(part);
	if (!part.len)
		return 0;
	return add_coded(to, part) || sv_strbuf_add(to, "/", 1) ? -1 : 0;
}

int sv_cgroup_file_code(
	struct sv_span mount, struct sv_span group, const char *file, struct sv_strbuf *ret)
{
	return add_part(ret, mount) || add_part(ret, group) ||
			       sv_strbuf_add(ret, file, strlen(file))
		       ? -1
		       : 0;
}

static int digit(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* One byte from the front of the text, or -1. What is plain is never coded. */
static int decode_byte(const char **s)
{
	unsigned char c = (unsigned char)**s;
	int high, low;

	if (c != '%') {
		++*s;
		return plain(c) ? c : -1;
	}
	high = digit((*s)[1]);
	low = high < 0 ? -1 : digit((*s)[2]);
	if (low < 0)
		return -1;
	*s += 3;
	c = (unsigned char)(high << 4 | low);
	return c && !plain(c) ? c : -1;
}

static bool good_part(const char *part, size_t len)
{
	return len && len <= LONGEST_PART && !(len == 1 && part[0] == '.') &&
	       !(len == 2 && part[0] == '.' && part[1] == '.');
}

static bool good_file(const char *file)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz_.";

	if (!strcmp(file, "cgroup.controllers"))
		return true;
	return !strncmp(file, "memory.", 7) && file[7] && file[strspn(file, ok)] == 0;
}

bool sv_cgroup_file_valid(const char *coded)
{
	const char *part = coded;

	for (const char *s = coded; *s;) {
		if (*s == '/') {
			if (!good_part(part, (size_t)(s - part)))
				return false;
			part = s + 1;
		}
		if (decode_byte(&s) < 0)
			return false;
	}
	return part != coded && good_file(part);
}

int sv_cgroup_file_decode(const char *coded, char *dir, const char **file)
{
	const char *last = strrchr(coded, '/');
	size_t at = 0;

	if (!sv_cgroup_file_valid(coded))
		return -1;
	dir[at++] = '/';
	for (const char *s = coded; s < last;)
		dir[at++] = (char)decode_byte(&s);
	dir[at] = 0;
	*file = last + 1;
	return 0;
}

static bool has_memory(struct sv_span list)
{
	struct sv_span one;

	while (sv_take_until(&list, ',', &one))
		if (sv_span_is(one, "memory"))
			return true;
	return sv_span_is(list, "memory");
}

int sv_cgroup_memory_of(
	struct sv_text text, struct sv_cgroup_memory *ret, struct safevma_error *err)
{
	struct sv_cgroup_memory found = { 0 };
	struct sv_span line, path, controllers, slash;
	uint64_t id;

	while (sv_text_line(&text, &line)) {
		path = line;
		if (!sv_take_dec(&path, &id) || !sv_take_lit(&path, ":") ||
			!sv_take_until(&path, ':', &controllers))
			return sv_text_error(&text, err, "'ID:CONTROLLERS:/PATH'", line);
		slash = path;
		if (!sv_take_lit(&slash, "/"))
			return sv_text_error(&text, err, "'ID:CONTROLLERS:/PATH'", line);
		if (has_memory(controllers))
			found = (struct sv_cgroup_memory) { .version = 1, .path = path };
		else if (!id && !controllers.len && !found.version)
			found = (struct sv_cgroup_memory) { .version = 2, .path = path };
	}
	*ret = found;
	return 0;
}

int sv_cgroup_limit(struct sv_text text, uint64_t *ret, struct safevma_error *err)
{
	struct sv_span line = { 0 }, s, more;
	uint64_t n = UINT64_MAX;

	if (!sv_text_line(&text, &line))
		return sv_text_error(&text, err, "a number of bytes or 'max'", line);
	s = sv_trim(line);
	if (!sv_span_is(s, "max") && (!sv_take_dec(&s, &n) || s.len))
		return sv_text_error(&text, err, "a number of bytes or 'max'", line);
	if (sv_text_line(&text, &more))
		return sv_text_error(&text, err, "the end after one number", more);
	*ret = n;
	return 0;
}
