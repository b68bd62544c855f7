/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures of whole processes, measured once for each: verdicts, coverage and groups of a report all
 * want them. Ask for them only when the observation is complete.
 */
#ifndef SV_MEASURE_FIGURES_H
#define SV_MEASURE_FIGURES_H

#include "vma.h"

/* As sv_measure_process(); p is one of obs's. */
void sv_process_figures(
	const safevma_observation *obs, const struct sv_process *p, struct sv_vma_figures *ret);

/* Sums over the selected processes. */
void sv_selected_coverage(const safevma_observation *obs, struct sv_coverage *ret);

#endif
