// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values as text, and their order. */
#include <inttypes.h>
#include <langinfo.h>
#include <string.h>

#include "escape.h"
#include "render.h"

static int format_bytes(uint64_t v, struct sv_strbuf *ret)
{
	static const char units[] = "BKMGTPE";
	double d = (double)v;
	size_t u = 0;

	while (d >= 1024 && u < sizeof(units) - 2) {
		d /= 1024;
		u++;
	}
	if (d == (double)(uint64_t)d)
		return sv_strbuf_dec(ret, (uint64_t)d) || sv_strbuf_add(ret, &units[u], 1) ? -1 : 0;
	if (d >= 100)
		return sv_strbuf_printf(ret, "%.0f%c", d, units[u]);
	return sv_strbuf_printf(ret, "%.1f%c", d, units[u]);
}

static enum sv_escape escape_for(bool raw)
{
	if (raw)
		return SV_ESCAPE_RAW;
	return strcmp(nl_langinfo(CODESET), "UTF-8") ? SV_ESCAPE_ASCII : SV_ESCAPE_TERMINAL;
}

int sv_value_format(const struct safevma_value *v, const struct safevma_report_options *options,
	struct sv_strbuf *ret)
{
	bool raw = options->format == SAFEVMA_FORMAT_RAW;

	switch (v->type) {
	case SAFEVMA_TYPE_UNKNOWN:
		return sv_strbuf_add(ret, "-", 1);
	case SAFEVMA_TYPE_U64:
		return sv_strbuf_dec(ret, v->u64);
	case SAFEVMA_TYPE_I64:
		return sv_strbuf_printf(ret, "%" PRId64, v->i64);
	case SAFEVMA_TYPE_HEX:
		return sv_strbuf_hex(ret, v->u64);
	case SAFEVMA_TYPE_BYTES:
		return options->bytes || raw ? sv_strbuf_dec(ret, v->u64)
					     : format_bytes(v->u64, ret);
	case SAFEVMA_TYPE_BOOL:
		return v->boolean ? sv_strbuf_add(ret, "yes", 3) : sv_strbuf_add(ret, "no", 2);
	case SAFEVMA_TYPE_REAL:
		return sv_strbuf_printf(ret,
			raw		  ? "%.6g"
			: v->real >= 1000 ? "%.0f"
					  : "%.3g",
			v->real);
	case SAFEVMA_TYPE_STRING:
	case SAFEVMA_TYPE_WORDS:
	case SAFEVMA_TYPE_PAIRS:
		return sv_escape(v->string.ptr, v->string.len, escape_for(raw), ret);
	}
	return -1;
}

static int compare_strings(const struct safevma_value *a, const struct safevma_value *b)
{
	size_t n = a->string.len < b->string.len ? a->string.len : b->string.len;
	int c = n ? memcmp(a->string.ptr, b->string.ptr, n) : 0;

	return c ? c : (a->string.len > b->string.len) - (a->string.len < b->string.len);
}

bool sv_is_number(enum safevma_type type)
{
	return type == SAFEVMA_TYPE_REAL || type == SAFEVMA_TYPE_U64 || type == SAFEVMA_TYPE_I64 ||
	       type == SAFEVMA_TYPE_BYTES || type == SAFEVMA_TYPE_HEX;
}

int sv_value_compare(const struct safevma_value *a, const struct safevma_value *b)
{
	if (a->type != b->type)
		return (a->type > b->type) - (a->type < b->type);
	switch (a->type) {
	case SAFEVMA_TYPE_UNKNOWN:
		return 0;
	case SAFEVMA_TYPE_I64:
		return (a->i64 > b->i64) - (a->i64 < b->i64);
	case SAFEVMA_TYPE_REAL:
		return (a->real > b->real) - (a->real < b->real);
	case SAFEVMA_TYPE_BOOL:
		return (int)a->boolean - (int)b->boolean;
	case SAFEVMA_TYPE_STRING:
	case SAFEVMA_TYPE_WORDS:
	case SAFEVMA_TYPE_PAIRS:
		return compare_strings(a, b);
	case SAFEVMA_TYPE_U64:
	case SAFEVMA_TYPE_BYTES:
	case SAFEVMA_TYPE_HEX:
		return (a->u64 > b->u64) - (a->u64 < b->u64);
	}
	return 0;
}
