/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/pressure/memory and its like: psi_show() in kernel/sched/psi.c.
 *
 *	some avg10=0.00 avg60=0.12 avg300=0.05 total=1234567
 *	full avg10=0.00 avg60=0.00 avg300=0.00 total=1000
 *
 * Shares of time in per cent, the total in microseconds. Some files have one of the lines alone
 * (irq: full; cpu up to 5.12: some).
 */
#ifndef SV_IFACE_PSI_H
#define SV_IFACE_PSI_H

#include "base/parse.h"

/* Hundredths of a per cent. */
struct sv_psi_line {
	struct sv_num avg10, avg60, avg300, total_us;
};

struct sv_psi {
	struct sv_psi_line some, full;
};

int sv_psi_parse(struct sv_text text, struct sv_psi *ret, struct safevma_error *err);

#endif
