// SPDX-License-Identifier: LGPL-2.1-or-later
/* The recorder's reader of BTF, and what is then made of its text. libbpf has fuzzers of its own.
 */
#include "fuzz.h"

#define sv_btf_resolve sv_btf_resolve_libc
#include "../../lib/iface/btf_libc.c"
#undef sv_btf_resolve

#include "iface/structpage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sv_auto_strbuf struct sv_strbuf copy = { 0 }, text = { 0 };
	struct safevma_error err = { 0 };
	struct sv_page_layout l = { 0 };

	if (sv_strbuf_add(&copy, data, size))
		return 0;
	if (sv_btf_resolve_libc(copy.ptr, copy.len, &text, &err)) {
		promise(err.code == SAFEVMA_E_FORMAT && err.message[0] && !text.len);
		return 0;
	}
	sv_page_layout_btf(&l, sv_text_init(text.ptr, text.len, "BTF"));
	promise(!l.slab_cache.known || l.slab_cache.value < 4096);
	return 0;
}
