// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of events, by libpfm4. perf_events_libc.c knows those of page faults alone. */
#include <linux/perf_event.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "perf.h"

/* Where a name gives no period: each single fault, and of what happens by the million a share. */
enum { PERIOD_OF_OTHERS = 100003 };

static int no_event(const char *name, int rc, struct safevma_error *err)
{
	return sv_error_set(err, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"expected an event that this machine has, as perf::MINOR-FAULTS, got '%s': %s",
		name, pfm_strerror(rc));
}

int sv_perf_event_find(const char *name, struct sv_perf_event *ret, struct safevma_error *err)
{
	struct perf_event_attr a = { .size = sizeof(a) };
	char *whole = NULL;
	pfm_perf_encode_arg_t arg = { .attr = &a, .fstr = &whole, .size = sizeof(arg) };
	struct sv_perf_event e = { 0 };
	int rc = pfm_initialize();

	if (rc == PFM_SUCCESS)
		rc = pfm_get_os_event_encoding(
			name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg);
	if (rc != PFM_SUCCESS)
		return no_event(name, rc, err);
	snprintf(e.name, sizeof(e.name), "%s", name);
	free(whole);
	e.type = a.type;
	e.config = a.config;
	e.config1 = a.config1;
	e.config2 = a.config2;
	e.period = a.freq ? 0 : a.sample_period;
	if (!e.period)
		e.period = sv_perf_event_is_fault(&e) ? 1 : PERIOD_OF_OTHERS;
	if (a.type == PERF_TYPE_TRACEPOINT || a.type == PERF_TYPE_BREAKPOINT)
		return sv_error_set(err, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
			"expected an event that is counted (perf::MINOR-FAULTS, a hardware event), "
			"got '%s', a tracepoint or a breakpoint",
			name);
	*ret = e;
	return 0;
}
