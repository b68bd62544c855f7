/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has given frames: providers, asked one after the other for what is still open. Each says what
 * it knows with sv_holdings_say(); what keeps it from answering is a gap that costs the owners of
 * sources. 0, or -1: memory is out.
 */
#ifndef SV_CAPTURE_SOURCES_H
#define SV_CAPTURE_SOURCES_H

#include "capture.h"
#include "model/source.h"

/* Collects the frames beside those of the selected, or those asked for, and asks all providers. */
int sv_capture_sources(struct sv_capture *c, struct safevma_error *err);

/* Providers. flags[i]: kpageflags of h->each.ptr[i], 0 where not read. */
int sv_sources_page_owner(struct sv_capture *c, struct sv_holdings *h, const uint64_t *flags,
	struct safevma_error *err);
int sv_sources_struct_page(struct sv_capture *c, struct sv_holdings *h, const uint64_t *flags,
	struct safevma_error *err);
int sv_sources_kernel_tables(struct sv_capture *c, struct sv_holdings *h, const uint64_t *flags,
	struct safevma_error *err);
int sv_sources_iomem(struct sv_capture *c, struct sv_holdings *h, const uint64_t *flags,
	struct safevma_error *err);

/* The names in request->without. */
int sv_sources_check(const struct safevma_request *request, struct safevma_error *err);

/* Whether --without names this interface. */
bool sv_source_unwanted(const struct sv_capture *c, enum sv_iface iface);

#endif
