// SPDX-License-Identifier: LGPL-2.1-or-later
/* Running the ledger: which claims, each through the root, results in order of weight. */
#include "probe.h"
#include "sources.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/error.h"
#include "iface/privilege.h"

static const struct sv_ledger *const ledgers[] = { &sv_claims_linear, &sv_claims_secret_io,
	&sv_claims_secret_peek, &sv_claims_secret_share, &sv_claims_secret_limits,
	&sv_claims_secret_account, &sv_claims_lifecycle, &sv_claims_lock, &sv_claims_fault,
	&sv_claims_commit, &sv_claims_kernel, &sv_claims_race, &sv_claims_control };

const struct sv_claim *sv_claim_at(size_t index)
{
	for (size_t i = 0; i < sv_array_size(ledgers); i++) {
		if (index < ledgers[i]->len)
			return &ledgers[i]->claims[index];
		index -= ledgers[i]->len;
	}
	return NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool named(const struct safevma_probe_request *r, const char *id)
{
	for (size_t i = 0; i < r->names_count; i++)
		if (!strcmp(r->names[i], id))
			return true;
	return !r->names_count;
}

static size_t least(size_t a, size_t b, size_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Letters to change, add or leave out; of long words the first 63 count. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strnlen(b, sizeof(row) / sizeof(row[0]) - 1);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; *a; a++, i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, corner + (*a != b[j - 1]));
			corner = above;
		}
	}
	return row[n];
}

static const char *nearest(const char *name)
{
	const struct sv_claim *claim;
	const char *best = NULL;
	size_t far = strlen(name) / 2 + 1;

	for (size_t i = 0; (claim = sv_claim_at(i)); i++) {
		size_t d = strstr(claim->id, name) ? 0 : distance(name, claim->id);

		if (d < far) {
			far = d;
			best = claim->id;
		}
	}
	return best;
}

static bool known(const char *name)
{
	const struct sv_claim *claim;

	for (size_t i = 0; (claim = sv_claim_at(i)); i++)
		if (!strcmp(claim->id, name))
			return true;
	return false;
}

/* What the options of the program cannot say, a user of the library can. */
static int check_frames(const struct safevma_request *q, struct safevma_error *err)
{
	const uint64_t most = UINT64_C(1) << 20, end = UINT64_C(1) << 52;

	if (q->sample_percent > 99)
		return sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0,
			"expected a sample of 1 to 99 percent, or 0 for the whole, got %u",
			q->sample_percent);
	if (!(q->needs & SAFEVMA_NEED_OWNERS))
		return 0;
	if (!q->pfns || q->pfns > most || q->first_pfn >= end)
		return sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0,
			"expected 1 to %llu frames below 2^52, got %llu from 0x%llx on",
			(unsigned long long)most, (unsigned long long)q->pfns,
			(unsigned long long)q->first_pfn);
	if (!q->selection.all)
		return sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0,
			"who maps a frame is looked for in all processes: select all");
	return 0;
}

int safevma_request_check(const struct safevma_request *request, struct safevma_error *err)
{
	if (check_frames(request, err) || sv_sources_check(request, err))
		return -1;
	for (size_t i = 0; i < request->probe.names_count; i++) {
		const char *name = request->probe.names[i], *near;

		if (known(name))
			continue;
		near = nearest(name);
		return sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0,
			"'%s' is no claim of the ledger%s%s%s; safevma probe --list names them",
			name, near ? "; is '" : "", near ? near : "", near ? "' meant?" : "");
	}
	return 0;
}

/* ---- one experiment -------------------------------------------------------------------------- */

struct job {
	struct sv_capture *capture;
	const struct sv_claim *claim;
};

static void ended_by(struct sv_trial *t, int status)
{
	if (WIFSIGNALED(status)) {
		sv_unknown(t, SV_REASON_CRASHED, "ended by SIG%s while: %.60s",
			sigabbrev_np(WTERMSIG(status)), t->step);
		t->verdict = SAFEVMA_VERDICT_ERROR;
	} else if (WEXITSTATUS(status)) {
		sv_unknown(t, SV_REASON_FAILED, "ended with %d while: %.60s", WEXITSTATUS(status),
			t->step);
		t->verdict = SAFEVMA_VERDICT_ERROR;
	}
}

static void run_apart(const struct sv_claim *claim, struct sv_trial *t)
{
	pid_t pid = sv_trial_fork();
	int status;

	if (pid < 0) {
		sv_could_not(t, "fork");
		return;
	}
	if (!pid) {
		claim->run(t);
		_exit(0);
	}
	if (!sv_trial_wait(pid, SV_TRIAL_MS, &status)) {
		ended_by(t, status);
		return;
	}
	sv_unknown(t, SV_REASON_TIMED_OUT, "ended after %d s while: %.60s", SV_TRIAL_MS / 1000,
		t->step);
	t->verdict = SAFEVMA_VERDICT_ERROR;
}

static void look(const struct job *job, struct sv_trial *t)
{
	struct sv_probe p = { .capture = *job->capture, .trial = t };

	p.capture.obs = calloc(1, sizeof(*p.capture.obs));
	if (!p.capture.obs) {
		errno = ENOMEM;
		sv_could_not(t, "make an observation");
		return;
	}
	p.capture.obs->host = job->capture->obs->host;
	p.capture.obs->features = job->capture->obs->features;
	p.capture.obs->zones_known = job->capture->obs->zones_known;
	p.capture.obs->highmem_start_pfn = job->capture->obs->highmem_start_pfn;
	job->claim->look(&p);
	safevma_observation_free(p.capture.obs);
}

/* What ends a line would end the value. */
static void one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ')
			*text = ' ';
}

static int write_result(struct sv_trial *t, uint64_t took_us, struct sv_strbuf *ret)
{
	const char *reason = sv_reason_name(t->reason);

	one_line(t->observed);
	return sv_strbuf_printf(ret,
		       "verdict %s\nreason %s\ncapabilities 0x%" PRIx64 "\ntook_us %" PRIu64
		       "\nobserved %s\n",
		       sv_verdict_name(t->verdict), reason ? reason : "-", sv_privilege_effective(),
		       took_us, t->observed)
		       ? ENOMEM
		       : 0;
}

static int experiment(void *arg, struct sv_strbuf *ret)
{
	const struct job *job = arg;
	uint64_t began = sv_now_us();
	struct sv_trial *t =
		mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (t == MAP_FAILED)
		return ENOMEM;
	sv_marker_renew();
	sv_unknown(t, SV_REASON_FAILED, "the experiment came to no result");
	t->verdict = SAFEVMA_VERDICT_ERROR;
	if (job->claim->costly && !job->capture->request->probe.costly)
		sv_unknown(t, SV_REASON_NEEDS_YES, "needs --yes: %s", job->claim->cost);
	else if (job->claim->look)
		look(job, t);
	else
		run_apart(job->claim, t);
	rc = write_result(t, sv_now_us() - began, ret);
	munmap(t, sizeof(*t));
	return rc;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void unread(struct sv_claim_result *r, const struct safevma_error *why)
{
	bool missing = why->code == SAFEVMA_E_NOT_RECORDED;

	r->verdict = missing ? SAFEVMA_VERDICT_UNKNOWN : SAFEVMA_VERDICT_ERROR;
	r->reason = missing			       ? SV_REASON_NOT_RECORDED
		    : why->code == SAFEVMA_E_RECORDING ? SV_REASON_DAMAGED
						       : SV_REASON_FAILED;
	snprintf(r->observed, sizeof(r->observed), "%.300s", why->message);
}

/* One gap speaks for all that a recording does not hold. */
static int tell_gap(struct sv_capture *c, const struct safevma_error *why, bool *told,
	struct safevma_error *err)
{
	if (*told && why->code == SAFEVMA_E_NOT_RECORDED)
		return 0;
	*told = true;
	return sv_gap_add_cost(
		c->obs, SV_IFACE_PROC, 0, why, true, "verdicts on claims about the kernel", err);
}

static int settle(struct sv_capture *c, const struct sv_claim *claim, struct sv_claim_result *r,
	bool *told, struct safevma_error *err)
{
	struct job job = { .capture = c, .claim = claim };
	struct sv_call call = { .op = SV_OP_EXPERIMENT,
		.place = { .iface = SV_IFACE_PROC, .tag = claim->id },
		.run = experiment,
		.arg = &job };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &text, &why, err);

	if (rc < 0)
		return -1;
	if (rc && !sv_claim_result_parse(sv_text_init(text.ptr, text.len, claim->id), r, &why))
		return 0;
	if (rc)
		why.code = SAFEVMA_E_RECORDING; /* we write no such text */
	unread(r, &why);
	return tell_gap(c, &why, told, err);
}

int sv_capture_probe(struct sv_capture *c, struct safevma_error *err)
{
	const struct safevma_probe_request *request = &c->request->probe;
	const struct sv_claim *claim;
	bool told = false;

	for (size_t i = 0; (claim = sv_claim_at(i)); i++) {
		struct sv_claim_result *r;

		if (!named(request, claim->id))
			continue;
		r = sv_vec_push(&c->obs->claims);
		if (!r)
			return sv_error_nomem(err);
		r->claim = claim;
		r->order = i;
		r->verdict = SAFEVMA_VERDICT_NOTCHECKED;
		if (!request->list && settle(c, claim, r, &told, err))
			return -1;
	}
	if (c->obs->claims.len)
		qsort(c->obs->claims.ptr, c->obs->claims.len, sizeof(*c->obs->claims.ptr),
			sv_claim_result_compare);
	return 0;
}
