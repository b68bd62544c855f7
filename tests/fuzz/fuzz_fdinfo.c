// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/fdinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	struct sv_fdinfo f = { .inode = { .value = 99 } };
	enum sv_fd_kind kind;
	int pid = 7;

	kind = sv_fd_kind_of((struct sv_span) { (const char *)data, size }, &pid);
	promise(kind < SV_FD_KIND_COUNT && pid >= -1);
	promise(kind == SV_FD_PROCMEM || !pid);
	if (sv_fdinfo_parse(text, &f, &err)) {
		promise_error(text, &err);
		promise(f.inode.value == 99);
		return 0;
	}
	promise(f.cloexec.known == f.writable.known);
	promise(f.cloexec.value <= 1 && f.writable.value <= 1);
	return 0;
}
