/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scope guards: a variable marked sv_auto(type) is released when it leaves scope. */
#ifndef SV_BASE_CLEANUP_H
#define SV_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define sv_cleanup(fn)	 __attribute__((cleanup(fn)))
#define sv_must_check	 __attribute__((warn_unused_result))
#define sv_printf(f, a)	 __attribute__((format(printf, f, a)))
#define sv_nonnull(...)	 __attribute__((nonnull(__VA_ARGS__)))
#define sv_array_size(a) (sizeof(a) / sizeof((a)[0]))

static inline void sv_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void sv_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define sv_auto_free sv_cleanup(sv_cleanup_free)
#define sv_auto_fd   sv_cleanup(sv_cleanup_close)

/* Hands a guarded pointer over to the caller: the guard then finds NULL. */
#define sv_take_ptr(p)                                                                             \
	({                                                                                         \
		__typeof__(p) sv_taken_ = (p);                                                     \
		(p) = NULL;                                                                        \
		sv_taken_;                                                                         \
	})

#endif
