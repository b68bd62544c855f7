/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The opener: a child process that keeps the capabilities, parses no content of any file, and
 * answers a closed list of requests about the interfaces of interfaces.h with descriptors or short
 * results. It ends when its socket closes.
 */
#ifndef SV_IFACE_OPENER_H
#define SV_IFACE_OPENER_H

#include <stdint.h>

#include "interfaces.h"
#include "perf.h"

enum sv_opener_op {
	SV_OPENER_PIN = 1, /* holds /proc/PID; answers with a pidfd where there are any */
	SV_OPENER_OPEN,	   /* answers with a descriptor, open for reading */
	SV_OPENER_LINK,
	SV_OPENER_MAGIC,
	SV_OPENER_LIST,
	SV_OPENER_SHORT, /* answers with the text of a small file, read here */
	SV_OPENER_PRIVILEGES,
	SV_OPENER_PERF, /* an event of thread tid, by perf: answers with its descriptor */
};

struct sv_opener_request {
	uint32_t op;
	uint32_t iface;
	int32_t pid, tid;
	char arg[SV_PLACE_PATH]; /* NUL-terminated */
	struct sv_perf_spec perf;
};

enum { SV_OPENER_CHUNK = 8192 };

struct sv_opener_reply {
	int32_t errnum;
	uint32_t more; /* another reply with more data follows */
	uint32_t len;
	char data[SV_OPENER_CHUNK];
};

/* Serves until the socket closes, then returns. */
void sv_opener_serve(int sock);

#endif
