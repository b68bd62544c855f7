/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel configuration (config.gz unpacked, /boot/config-RELEASE), scripts/kconfig/confdata.c:
 *
 *	CONFIG_SECRETMEM=y
 *	CONFIG_LSM="landlock,lockdown"
 *	# CONFIG_KSM is not set
 */
#ifndef SV_IFACE_KCONFIG_H
#define SV_IFACE_KCONFIG_H

#include "base/parse.h"

/*
 * Value of NAME (with CONFIG_), as written: strings keep their quotes, so "" is not the same as not
 * set. len 0 when it is not set: the line says so or is not there.
 */
int sv_kconfig_find(
	struct sv_text text, const char *name, struct sv_span *ret, struct safevma_error *err);

#endif
