/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an experiment said of a claim about the kernel. */
#ifndef SV_MODEL_CLAIM_H
#define SV_MODEL_CLAIM_H

#include "base/parse.h"
#include "safevma.h"

/* Why a verdict is neither pass nor fail. */
enum sv_reason {
	SV_REASON_NONE,
	SV_REASON_NEEDS_YES,	/* it leaves a mark on the kernel, and nobody said --yes */
	SV_REASON_PRIVILEGE,	/* the system refused for want of a capability */
	SV_REASON_UNSUPPORTED,	/* this kernel or this machine has no such thing */
	SV_REASON_UNREADABLE,	/* an interface that would tell could not be read */
	SV_REASON_NOT_VISIBLE,	/* nothing that can be read from user space tells */
	SV_REASON_NOT_PROVOKED, /* a race or a chance that did not come about: no proof of none */
	SV_REASON_NOISE,	/* others moved the figure by as much */
	SV_REASON_CONTROL,	/* what must be seen for sure was not: the experiment is void */
	SV_REASON_SETTING,	/* the system is set otherwise */
	SV_REASON_ABSENT,	/* the thing it is about was proved not to be here */
	SV_REASON_FAILED,	/* a step failed in a way that the experiment does not expect */
	SV_REASON_CRASHED,	/* a signal ended the experiment */
	SV_REASON_TIMED_OUT,
	SV_REASON_NOT_RECORDED,
	SV_REASON_DAMAGED, /* the recording is */
	SV_REASON_COUNT,
};

const char *sv_reason_name(enum sv_reason reason); /* NULL for NONE */
const char *sv_verdict_name(enum safevma_verdict verdict);
bool sv_reason_find(struct sv_span name, enum sv_reason *ret) sv_must_check;
bool sv_verdict_find(struct sv_span name, enum safevma_verdict *ret) sv_must_check;

struct sv_claim; /* a row of the ledger: capture/probe.h */

struct sv_claim_result {
	const struct sv_claim *claim;
	size_t order; /* in the ledger */
	enum safevma_verdict verdict;
	enum sv_reason reason;
	char observed[384];	    /* what was seen, or why nothing was */
	struct sv_num capabilities; /* effective ones that the experiment began with */
	struct sv_num took_us;
};

/* Worst first, then in order of the ledger: for qsort. */
int sv_claim_result_compare(const void *a, const void *b);

/* Out of the text of an experiment; -1 when it is malformed, and ret is untouched then. */
int sv_claim_result_parse(
	struct sv_text text, struct sv_claim_result *ret, struct safevma_error *err);

#endif
