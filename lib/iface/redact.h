/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking paths out of maps, smaps and events before they are recorded; equal paths stay equal. */
#ifndef SV_IFACE_REDACT_H
#define SV_IFACE_REDACT_H

#include "base/strbuf.h"

struct sv_redactor;

struct sv_redactor *sv_redactor_new(void); /* NULL when memory is out */
void sv_redactor_free(struct sv_redactor *r);

/*
 * Copies the text, each path replaced by "/redacted/N", or by "/memfd:redacted-N (deleted)" and the
 * like where the path's beginning tells the kind of memory. What the kernel names itself ([heap],
 * /secretmem (deleted)) stays, names that a process gave ([anon:...]) go. 0, or -1: memory is out.
 */
int sv_redact_maps(struct sv_redactor *r, const char *text, size_t len, struct sv_strbuf *ret);

/* Of mountinfo, the lines of control groups alone: where others are mounted is nobody's business.
 */
int sv_redact_mounts(const char *text, size_t len, struct sv_strbuf *ret);

/*
 * Copies records of events (perf.h) behind a head of so many bytes, names of mappings replaced in
 * the same way. Where a record is malformed a malformed one ends the copy: what cannot be read
 * cannot be redacted. 0, or -1: memory is out.
 */
int sv_redact_events(
	struct sv_redactor *r, const char *bytes, size_t len, size_t head, struct sv_strbuf *ret);

#endif
