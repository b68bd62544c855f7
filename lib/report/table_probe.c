// SPDX-License-Identifier: LGPL-2.1-or-later
/* probe: what the experiments said of each claim, worst first. */
#include "capture/probe.h"
#include "table.h"

static bool next_row(safevma_cursor *c)
{
	c->item = c->next_index++;
	return c->item < c->obs->claims.len;
}

static const struct sv_claim_result *result(const safevma_cursor *c)
{
	return &c->obs->claims.ptr[c->item];
}

static const struct sv_claim *claim(const safevma_cursor *c)
{
	return result(c)->claim;
}

static bool checked(const safevma_cursor *c)
{
	return result(c)->verdict != SAFEVMA_VERDICT_NOTCHECKED;
}

static struct safevma_value get_verdict(safevma_cursor *c)
{
	return sv_value_text(sv_verdict_name(result(c)->verdict));
}

static struct safevma_value get_id(safevma_cursor *c)
{
	return sv_value_text(claim(c)->id);
}

static struct safevma_value get_statement(safevma_cursor *c)
{
	return sv_value_text(claim(c)->statement);
}

static struct safevma_value get_source(safevma_cursor *c)
{
	return sv_value_text(claim(c)->source);
}

static struct safevma_value get_expected(safevma_cursor *c)
{
	return sv_value_text(claim(c)->expected);
}

static struct safevma_value get_experiment(safevma_cursor *c)
{
	return sv_value_text(claim(c)->experiment);
}

static struct safevma_value get_observed(safevma_cursor *c)
{
	return checked(c) ? sv_value_text(result(c)->observed) : sv_value_unknown();
}

static struct safevma_value get_reason(safevma_cursor *c)
{
	return sv_value_text(sv_reason_name(result(c)->reason));
}

static struct safevma_value get_limits(safevma_cursor *c)
{
	return sv_value_text(claim(c)->limits);
}

static struct safevma_value get_cost(safevma_cursor *c)
{
	return sv_value_text(claim(c)->cost);
}

static struct safevma_value get_needs_yes(safevma_cursor *c)
{
	return sv_value_bool(claim(c)->costly);
}

static struct safevma_value get_capabilities(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_HEX, result(c)->capabilities);
}

static struct safevma_value get_took(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, result(c)->took_us);
}

static const struct sv_column columns[] = {
	SV_COL("VERDICT", "verdict", "pass, fail (refuted), unknown, error, notapplicable", STRING,
		true, get_verdict),
	SV_COL("CLAIM", "claim", "name of the claim", STRING, true, get_id),
	SV_COL("STATEMENT", "statement", "what is claimed", STRING, false, get_statement),
	SV_COL("SOURCE", "source", "who says so", STRING, false, get_source),
	SV_COL("EXPECTED", "expected", "what would be seen if it were true", STRING, false,
		get_expected),
	SV_COL("EXPERIMENT", "experiment", "what is done", STRING, false, get_experiment),
	SV_COL("OBSERVED", "observed", "what was seen here, or why nothing was", STRING, true,
		get_observed),
	SV_COL("REASON", "reason_code", "why it is neither pass nor fail, in one word", STRING,
		false, get_reason),
	SV_COL("LIMITS", "limits", "what the result does not show", STRING, false, get_limits),
	SV_COL("COST", "cost", "what the experiment costs", STRING, false, get_cost),
	SV_COL("NEEDS-YES", "needs_yes", "its mark on the kernel stays: it is run with --yes alone",
		BOOL, false, get_needs_yes),
	SV_COL("CAPABILITIES", "capabilities", "effective ones of the process that ran it", HEX,
		false, get_capabilities),
	SV_COL("TOOK", "took_us", "time that it took, in microseconds", U64, false, get_took),
};

/* ---- the verdict of all ---------------------------------------------------------------------- */

static bool next_sum(safevma_cursor *c)
{
	return c->next_index++ == 0;
}

static uint64_t count(const safevma_observation *obs, enum safevma_verdict verdict)
{
	uint64_t n = 0;

	for (size_t i = 0; i < obs->claims.len; i++)
		n += obs->claims.ptr[i].verdict == verdict;
	return n;
}

static struct safevma_value get_overall(safevma_cursor *c)
{
	return sv_value_text(sv_verdict_name(safevma_observation_verdict(c->obs)));
}

static struct safevma_value get_total(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->obs->claims.len);
}

#define COUNT(name, verdict)                                                                       \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return sv_value_u64(SAFEVMA_TYPE_U64, count(c->obs, SAFEVMA_VERDICT_##verdict));   \
	}
COUNT(fail, FAIL)
COUNT(error, ERROR)
COUNT(unknown, UNKNOWN)
COUNT(warn, WARN)
COUNT(pass, PASS)
COUNT(notapplicable, NOTAPPLICABLE)
COUNT(notchecked, NOTCHECKED)

static const struct sv_column sum_columns[] = {
	SV_COL("OVERALL", "verdict", "verdict of all claims together", STRING, true, get_overall),
	SV_COL("CLAIMS", "claims", "how many", U64, true, get_total),
	SV_COL("FAIL", "fail", "refuted here", U64, true, get_fail),
	SV_COL("ERROR", "error", "the experiment failed in a way that it should not", U64, true,
		get_error),
	SV_COL("UNKNOWN", "unknown", "could not be settled here", U64, true, get_unknown),
	SV_COL("WARN", "warn", "hold with a remark", U64, false, get_warn),
	SV_COL("PASS", "pass", "hold here, as far as the experiment goes", U64, true, get_pass),
	SV_COL("NOTAPPLICABLE", "notapplicable", "about something that is not here", U64, true,
		get_notapplicable),
	SV_COL("NOTCHECKED", "notchecked", "not run", U64, false, get_notchecked),
};

static bool ran(const safevma_observation *obs)
{
	return obs->claims.len && count(obs, SAFEVMA_VERDICT_NOTCHECKED) < obs->claims.len;
}

static const struct safevma_table table_sum = {
	.name = "summary",
	.row_member = "summary",
	.row_columns = sum_columns,
	.row_count = sv_array_size(sum_columns),
	.next_row = next_sum,
	.wanted = ran,
	.none = "no claims",
};

static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	*ret = (struct sv_coverage) { .total = obs->claims.len };
	ret->unreadable = count(obs, SAFEVMA_VERDICT_UNKNOWN) + count(obs, SAFEVMA_VERDICT_ERROR);
	ret->examined = ret->total - ret->unreadable - count(obs, SAFEVMA_VERDICT_NOTCHECKED);
}

static bool complete(const safevma_observation *obs)
{
	struct sv_coverage c;

	coverage(obs, &c);
	return !safevma_observation_lost(obs) && !c.unreadable && ran(obs);
}

const struct safevma_table sv_table_probe = {
	.name = "probe",
	.row_member = "claims",
	.row_columns = columns,
	.row_count = sv_array_size(columns),
	.next_row = next_row,
	.complete = complete,
	.coverage = coverage,
	.also = &table_sum,
	.none = "no claims",
};
