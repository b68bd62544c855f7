// SPDX-License-Identifier: LGPL-2.1-or-later
/* The verdict of an observation that was made to judge something. */
#include "faults.h"
#include "settle.h"

enum safevma_verdict safevma_observation_verdict(const safevma_observation *obs)
{
	struct sv_faults_sums faults;
	struct sv_settled settled;

	if (obs->needs & SAFEVMA_NEED_FAULTS) {
		sv_measure_faults(obs, &faults);
		return faults.verdict;
	}
	if (obs->needs & SAFEVMA_NEED_WATCH) {
		sv_measure_all_settled(obs, &settled);
		return settled.verdict;
	}
	return obs->claims.len ? obs->claims.ptr[0].verdict : SAFEVMA_VERDICT_NOTCHECKED;
}
