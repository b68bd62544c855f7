// SPDX-License-Identifier: LGPL-2.1-or-later
#include "share.h"

void sv_share_fini(struct sv_sharing *s)
{
	sv_process_fini(&s->before);
	for (size_t i = 0; i < s->others.len; i++)
		sv_process_fini(&s->others.ptr[i]);
	sv_vec_fini(&s->others);
	for (size_t i = 0; i < s->descriptors.len; i++) {
		sv_strbuf_fini(&s->descriptors.ptr[i].comm);
		sv_strbuf_fini(&s->descriptors.ptr[i].target);
	}
	sv_vec_fini(&s->descriptors);
	for (size_t i = 0; i < s->maps.len; i++)
		sv_strbuf_fini(&s->maps.ptr[i].path);
	sv_vec_fini(&s->maps);
	sv_vec_fini(&s->group);
}
