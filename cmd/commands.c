// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stddef.h>
#include <string.h>

#include "command.h"

extern const struct command command_ps, command_maps, command_frames, command_adjacency,
	command_linear, command_locks, command_commit, command_doctor, command_probe,
	command_record, command_explain, command_watch, command_faults, command_phys, command_slab,
	command_share, command_kernel;

const struct command *const commands[] = { &command_ps, &command_maps, &command_frames,
	&command_adjacency, &command_linear, &command_phys, &command_slab, &command_locks,
	&command_commit, &command_share, &command_faults, &command_watch, &command_kernel,
	&command_doctor, &command_probe, &command_record, &command_explain, NULL };

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}
