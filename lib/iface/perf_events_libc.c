// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stand-in for perf_events.c in the recorder: page faults alone. */
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "perf.h"

static const struct {
	const char *name;
	uint64_t config;
} faults[] = {
	{ "perf::PAGE-FAULTS", PERF_COUNT_SW_PAGE_FAULTS },
	{ "perf::FAULTS", PERF_COUNT_SW_PAGE_FAULTS },
	{ "perf::MINOR-FAULTS", PERF_COUNT_SW_PAGE_FAULTS_MIN },
	{ "perf::MAJOR-FAULTS", PERF_COUNT_SW_PAGE_FAULTS_MAJ },
};

int sv_perf_event_find(const char *name, struct sv_perf_event *ret, struct safevma_error *err)
{
	for (size_t i = 0; i < sv_array_size(faults); i++) {
		if (strcmp(name, faults[i].name) != 0)
			continue;
		*ret = (struct sv_perf_event) {
			.type = PERF_TYPE_SOFTWARE, .config = faults[i].config, .period = 1
		};
		snprintf(ret->name, sizeof(ret->name), "%s", name);
		return 0;
	}
	return sv_error_set(err, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"expected perf::PAGE-FAULTS, perf::MINOR-FAULTS or perf::MAJOR-FAULTS (this build "
		"has no libpfm4), got '%s'",
		name);
}
