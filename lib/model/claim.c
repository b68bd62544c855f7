// SPDX-License-Identifier: LGPL-2.1-or-later
#include "claim.h"

#include <string.h>

#include "observation.h"

static const char *const reasons[SV_REASON_COUNT] = {
	[SV_REASON_NEEDS_YES] = "needs-yes",
	[SV_REASON_PRIVILEGE] = "no-privilege",
	[SV_REASON_UNSUPPORTED] = "unsupported",
	[SV_REASON_UNREADABLE] = "unreadable",
	[SV_REASON_NOT_VISIBLE] = "not-visible",
	[SV_REASON_NOT_PROVOKED] = "not-reproduced",
	[SV_REASON_NOISE] = "noise",
	[SV_REASON_CONTROL] = "control-failed",
	[SV_REASON_SETTING] = "other-setting",
	[SV_REASON_ABSENT] = "absent",
	[SV_REASON_FAILED] = "failed",
	[SV_REASON_CRASHED] = "crashed",
	[SV_REASON_TIMED_OUT] = "timed-out",
	[SV_REASON_NOT_RECORDED] = "not-recorded",
	[SV_REASON_DAMAGED] = "recording-damaged",
};

static const char *const verdicts[] = {
	[SAFEVMA_VERDICT_FAIL] = "fail",
	[SAFEVMA_VERDICT_ERROR] = "error",
	[SAFEVMA_VERDICT_UNKNOWN] = "unknown",
	[SAFEVMA_VERDICT_WARN] = "warn",
	[SAFEVMA_VERDICT_PASS] = "pass",
	[SAFEVMA_VERDICT_NOTAPPLICABLE] = "notapplicable",
	[SAFEVMA_VERDICT_NOTCHECKED] = "notchecked",
};

const char *sv_reason_name(enum sv_reason reason)
{
	return reasons[reason];
}

const char *sv_verdict_name(enum safevma_verdict verdict)
{
	return verdicts[verdict];
}

static size_t find(struct sv_span name, const char *const *names, size_t n)
{
	size_t i = 0;

	while (i < n && !(names[i] && sv_span_is(name, names[i])))
		i++;
	return i;
}

bool sv_reason_find(struct sv_span name, enum sv_reason *ret)
{
	size_t i = find(name, reasons, SV_REASON_COUNT);

	if (sv_span_is(name, "-"))
		i = SV_REASON_NONE;
	if (i == SV_REASON_COUNT)
		return false;
	*ret = (enum sv_reason)i;
	return true;
}

bool sv_verdict_find(struct sv_span name, enum safevma_verdict *ret)
{
	size_t i = find(name, verdicts, sv_array_size(verdicts));

	if (i == sv_array_size(verdicts))
		return false;
	*ret = (enum safevma_verdict)i;
	return true;
}

int sv_claim_result_compare(const void *a, const void *b)
{
	const struct sv_claim_result *x = a, *y = b;

	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* ---- the text of an experiment: "KEY VALUE" lines, all of them there ------------------------- */

static bool take_number(struct sv_span value, struct sv_num *ret)
{
	*ret = sv_known(0);
	if (sv_take_lit(&value, "0x"))
		return sv_take_hex(&value, &ret->value) && !value.len;
	return sv_take_dec(&value, &ret->value) && !value.len;
}

static bool take_observed(struct sv_span value, struct sv_claim_result *ret)
{
	if (value.len >= sizeof(ret->observed))
		return false;
	memcpy(ret->observed, value.ptr, value.len);
	ret->observed[value.len] = 0;
	return true;
}

static bool take_line(struct sv_span line, struct sv_claim_result *ret, unsigned int *seen)
{
	static const char *const keys[] = { "verdict", "reason", "capabilities", "took_us",
		"observed" };
	struct sv_span key;
	size_t i;

	if (!sv_take_until(&line, ' ', &key))
		return false;
	i = find(key, keys, sv_array_size(keys));
	*seen |= 1u << i;
	switch (i) {
	case 0:
		return sv_verdict_find(line, &ret->verdict);
	case 1:
		return sv_reason_find(line, &ret->reason);
	case 2:
		return take_number(line, &ret->capabilities);
	case 3:
		return take_number(line, &ret->took_us);
	case 4:
		return take_observed(line, ret);
	default:
		return false;
	}
}

int sv_claim_result_parse(
	struct sv_text text, struct sv_claim_result *ret, struct safevma_error *err)
{
	struct sv_claim_result made = *ret;
	unsigned int seen = 0;
	struct sv_span line = { 0 };

	while (sv_text_line(&text, &line))
		if (!take_line(line, &made, &seen))
			return sv_text_error(&text, err, "a line of an experiment's result", line);
	if (seen != 31)
		return sv_text_error(
			&text, err, "verdict, reason, capabilities, took_us, observed", line);
	*ret = made;
	return 0;
}
