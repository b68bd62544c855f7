/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes that a process or the kernel chose, made fit to be shown. Well-formed UTF-8 stays, but for
 * what could steer a terminal or mislead a reader (controls, bidirectional marks); all else becomes
 * \xNN, a byte at a time; a backslash before an x too, so that the text can be told back.
 */
#ifndef SV_REPORT_ESCAPE_H
#define SV_REPORT_ESCAPE_H

#include "base/strbuf.h"

enum sv_escape {
	SV_ESCAPE_TERMINAL, /* controls and misleading characters too */
	SV_ESCAPE_ASCII,    /* the same where the locale's characters are not UTF-8 */
	SV_ESCAPE_RAW,	    /* one word: blanks too, and what could be taken for "" or - */
	SV_ESCAPE_UTF8,	    /* only what is not UTF-8: for JSON, which has its own escapes */
};

/* Appends. -1: memory is out. */
int sv_escape(const char *ptr, size_t len, enum sv_escape how, struct sv_strbuf *ret);

#endif
