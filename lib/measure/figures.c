// SPDX-License-Identifier: LGPL-2.1-or-later
#include "figures.h"

struct kept {
	bool made;
	struct sv_vma_figures figures;
};

/* NULL where nothing is kept; memory being out costs time alone. */
static struct kept *slot(const safevma_observation *obs, const struct sv_process *p)
{
	struct kept *all;

	if (!obs->memo)
		return NULL;
	if (!obs->memo->figures)
		obs->memo->figures = calloc(obs->processes.len, sizeof(*all));
	all = obs->memo->figures;
	return all ? &all[p - obs->processes.ptr] : NULL;
}

void sv_process_figures(
	const safevma_observation *obs, const struct sv_process *p, struct sv_vma_figures *ret)
{
	struct kept *k = slot(obs, p);

	if (k && k->made) {
		*ret = k->figures;
		return;
	}
	sv_measure_process(obs, p, ret);
	if (k)
		*k = (struct kept) { .made = true, .figures = *ret };
}

void sv_selected_coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	*ret = (struct sv_coverage) { 0 };
	for (size_t i = 0; i < obs->processes.len; i++) {
		struct sv_vma_figures f;

		if (!obs->processes.ptr[i].selected)
			continue;
		sv_process_figures(obs, &obs->processes.ptr[i], &f);
		ret->examined += f.coverage.examined;
		ret->total += f.coverage.total;
		ret->unreadable += f.coverage.unreadable;
		ret->changed += f.coverage.changed;
	}
}
