// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Known issues of kernels that matter for processes' memory. A release number tells little: vendors
 * bring fixes back without changing it, and features too. So it clears a kernel only where it lies
 * beyond every release that had the issue, or before it on a kernel that names no vendor; inside
 * the range of a vendor's kernel nothing is known; inside it otherwise it is a warning, since the
 * number itself shows no fault.
 */
#include <stdio.h>
#include <string.h>

#include "hardening.h"

/* ---- releases -------------------------------------------------------------------------------- */

static bool take_part(struct sv_span *s, unsigned int *ret)
{
	uint64_t v;

	if (!sv_take_dec(s, &v) || v > 99999)
		return false;
	*ret = (unsigned int)v;
	return true;
}

struct sv_release sv_release_parse(const char *text)
{
	struct sv_release r = { 0 };
	struct sv_span s = sv_span_of(text);

	if (!take_part(&s, &r.major) || !sv_take_lit(&s, ".") || !take_part(&s, &r.minor))
		return (struct sv_release) { 0 };
	r.known = true;
	if (sv_take_lit(&s, ".") && !take_part(&s, &r.patch))
		return r;
	r.plain = !s.len;
	return r;
}

struct at {
	unsigned int major, minor, patch;
};

static int compare(const struct sv_release *r, struct at v)
{
	if (r->major != v.major)
		return r->major < v.major ? -1 : 1;
	if (r->minor != v.minor)
		return r->minor < v.minor ? -1 : 1;
	return (r->patch > v.patch) - (r->patch < v.patch);
}

static bool series(const struct sv_release *r, unsigned int major, unsigned int minor)
{
	return r->major == major && r->minor == minor;
}

/* ---- judging --------------------------------------------------------------------------------- */

struct judged {
	enum safevma_verdict *verdict;
	char *reason;
	size_t size;
};

static void say(struct judged j, enum safevma_verdict verdict, const char *reason)
{
	*j.verdict = verdict;
	snprintf(j.reason, j.size, "%s", reason);
}

#define JUDGE(name)                                                                                \
	static void name(const safevma_observation *obs, const struct sv_issue *issue,             \
		enum safevma_verdict *verdict, char *reason, size_t size)
#define JUDGED ((struct judged) { verdict, reason, size })

/* Affected from first on, fixed in fixed, and in a stable series from its own release on. */
static void by_range(const safevma_observation *obs, struct at first, struct at stable,
	struct at fixed, struct judged j)
{
	struct sv_release r = sv_release_parse(obs->host.release);

	if (!r.known)
		say(j, SAFEVMA_VERDICT_UNKNOWN, "the release is not known");
	else if (compare(&r, fixed) >= 0)
		say(j, SAFEVMA_VERDICT_NOTAPPLICABLE, "this release came after the fix");
	else if (stable.major && series(&r, stable.major, stable.minor) && compare(&r, stable) >= 0)
		say(j, SAFEVMA_VERDICT_NOTAPPLICABLE,
			"this release of the stable series has the fix");
	else if (!r.plain)
		say(j, SAFEVMA_VERDICT_UNKNOWN,
			"a vendor's kernel: its number tells neither fixes nor features brought "
			"back");
	else if (compare(&r, first) < 0)
		say(j, SAFEVMA_VERDICT_NOTAPPLICABLE, "this release came before the fault");
	else
		say(j, SAFEVMA_VERDICT_WARN,
			"a release of the affected range; a fix that was added would not show");
}

JUDGE(vmacache)
{
	(void)issue;
	by_range(
		obs, (struct at) { 3, 16, 0 }, (struct at) { 0 }, (struct at) { 4, 18, 9 }, JUDGED);
}

JUDGE(dirty_cow)
{
	(void)issue;
	by_range(obs, (struct at) { 2, 6, 22 }, (struct at) { 0 }, (struct at) { 4, 8, 3 }, JUDGED);
}

JUDGE(dup_mmap)
{
	(void)issue;
	by_range(obs, (struct at) { 6, 8, 0 }, (struct at) { 6, 12, 83 }, (struct at) { 6, 13, 2 },
		JUDGED);
}

/* Sources that were read: with the fix 6.1.192, 6.12.117, 7.3.4; without 5.15.224, 6.18.44. */
static void secretmem_by_release(const struct sv_release *r, struct judged j)
{
	if (compare(r, (struct at) { 7, 3, 4 }) >= 0 ||
		(series(r, 6, 1) && compare(r, (struct at) { 6, 1, 192 }) >= 0) ||
		(series(r, 6, 12) && compare(r, (struct at) { 6, 12, 117 }) >= 0))
		say(j, SAFEVMA_VERDICT_NOTAPPLICABLE, "the source of this series has the fix");
	else if (!r->plain)
		say(j, SAFEVMA_VERDICT_UNKNOWN,
			"a vendor's kernel: its number does not tell whether the fix was brought "
			"back");
	else if (compare(r, (struct at) { 5, 14, 0 }) < 0)
		say(j, SAFEVMA_VERDICT_NOTAPPLICABLE, "memfd_secret came with 5.14");
	else if ((series(r, 6, 18) && compare(r, (struct at) { 6, 18, 44 }) <= 0) ||
		 (series(r, 5, 15) && compare(r, (struct at) { 5, 15, 224 }) <= 0))
		say(j, SAFEVMA_VERDICT_WARN,
			"the source of this release is without the fix; one that was added would "
			"not "
			"show");
	else
		say(j, SAFEVMA_VERDICT_UNKNOWN,
			"from which release on this series has it is not known");
}

JUDGE(secretmem)
{
	enum sv_option o = sv_hard_option(obs, "SECRETMEM", NULL);
	const struct sv_setting *enable = &obs->hardening.settings[SV_SETTING_SECRETMEM];
	struct sv_release r = sv_release_parse(obs->host.release);

	(void)issue;
	if (o == SV_OPTION_NOT_SET || o == SV_OPTION_UNNAMED)
		say(JUDGED, SAFEVMA_VERDICT_NOTAPPLICABLE,
			"this kernel is built without SECRETMEM");
	else if (enable->answer == SV_ANSWER_READ && enable->text.len &&
		 sv_hard_one_of((struct sv_span) { enable->text.ptr, enable->text.len }, "N n 0"))
		say(JUDGED, SAFEVMA_VERDICT_NOTAPPLICABLE, "memfd_secret is switched off here");
	else if (!r.known)
		say(JUDGED, SAFEVMA_VERDICT_UNKNOWN, "the release is not known");
	else
		secretmem_by_release(&r, JUDGED);
}

/*
 * Commit dee3d0bef2b0 of 6.10 tests PAGE_MAPPING_KSM (now FOLIO_MAPPING_KSM) by one bit of the two
 * that it has; 81401cebfc15 mended it before 7.2, and 6.18.40 and 7.1.5 of the stable series took
 * that over. Seen with the fault: 6.12.117 of x86-64, arm64 and the real-time flavour; without it:
 * 6.1.192, 6.18.44, 7.2.13.
 */
static bool ksm_flag_mended(const struct sv_release *r)
{
	return compare(r, (struct at) { 7, 2, 0 }) >= 0 ||
	       (series(r, 6, 18) && compare(r, (struct at) { 6, 18, 40 }) >= 0) ||
	       (series(r, 7, 1) && compare(r, (struct at) { 7, 1, 5 }) >= 0);
}

static void ksm_flag_by_release(const struct sv_release *r, struct judged j)
{
	if (ksm_flag_mended(r))
		say(j, SAFEVMA_VERDICT_NOTAPPLICABLE, "this release has the fix, or came after it");
	else if (!r->plain)
		say(j, SAFEVMA_VERDICT_UNKNOWN,
			series(r, 6, 12) ? "a vendor's kernel of a series in which it was seen"
					 : "a vendor's kernel: its number does not tell");
	else if (compare(r, (struct at) { 6, 10, 0 }) < 0)
		say(j, SAFEVMA_VERDICT_NOTAPPLICABLE, "this release came before the fault");
	else if ((series(r, 6, 12) && compare(r, (struct at) { 6, 12, 117 }) > 0) ||
		 (series(r, 7, 0) && r->patch))
		say(j, SAFEVMA_VERDICT_UNKNOWN,
			"from which release on this series has the fix is not known");
	else
		say(j, SAFEVMA_VERDICT_WARN,
			"a release of the affected range; a fix that was added would not show");
}

JUDGE(ksm_flag)
{
	enum sv_option o = sv_hard_option(obs, "PROC_PAGE_MONITOR", NULL);
	struct sv_release r = sv_release_parse(obs->host.release);

	(void)issue;
	if (o == SV_OPTION_NOT_SET || o == SV_OPTION_UNNAMED)
		say(JUDGED, SAFEVMA_VERDICT_NOTAPPLICABLE, "this kernel has no kpageflags");
	else if (!r.known)
		say(JUDGED, SAFEVMA_VERDICT_UNKNOWN, "the release is not known");
	else
		ksm_flag_by_release(&r, JUDGED);
}

#define DECK_VMACACHE "deck, Detection: VMA Cache Integrity"
#define CONCURRENCY   "requirement: Concurrency Integrity"

const struct sv_issue sv_issues[] = {
	{ .id = "CVE-2018-17182",
		.title = "sequence number of the VMA cache overflows: a stale VMA is used",
		.range = "3.16 up to 4.18.8; the VMA cache is gone since 6.1",
		.source = "commit 7a9cdebdcc17; commit 7964cf8caa4d removed the cache",
		.trace = DECK_VMACACHE,
		.judge = vmacache },
	{ .id = "CVE-2016-5195",
		.title = "Dirty COW: a write reaches the file behind a private mapping",
		.range = "2.6.22 up to 4.8.2",
		.source = "CVE-2016-5195; probe has an experiment for it",
		.trace = DECK_VMACACHE,
		.judge = dirty_cow },
	{ .id = "CVE-2025-21709",
		.title = "a fork that fails leaves VMAs that others can still reach",
		.range = "6.8 up to 6.12.82, 6.13 up to 6.13.1",
		.source = "osv.dev/vulnerability/CVE-2025-21709; commit 64c37e134b12",
		.trace = CONCURRENCY,
		.judge = dup_mmap },
	{ .id = "CVE-2026-93243",
		.title = "secretmem is accounted as locked memory though it is not",
		.range = "5.14 on; fixed by 6.1.192, 6.12.117, 7.3.4",
		.source = "mm/secretmem.c of the releases named",
		.trace = "deck, Proof-of-Concept Isolation: secretmemfd()",
		.judge = secretmem },
	{ .id = "kpageflags-ksm",
		.title = "kpageflags shows every anonymous page as merged (KSM)",
		.range = "6.10 on; fixed by 6.18.40, 7.1.5, 7.2",
		.source = "commit dee3d0bef2b0; commit 81401cebfc15 is the fix",
		.trace = "requirement: Transparent Verification",
		.judge = ksm_flag },
};
const size_t sv_issues_count = sv_array_size(sv_issues);
