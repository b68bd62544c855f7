// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

extern const struct command command_record;

static int record(struct arguments *a, struct safevma_error *err)
{
	safevma_observation *obs;
	safevma_root *root;
	bool whole;

	if (safevma_root_open(&a->root, &root, err))
		return complain_error(err, EXIT_RUNTIME);
	if (safevma_observe(root, &a->request, &obs, err)) {
		safevma_root_close(root, NULL);
		return complain_error(err, EXIT_RUNTIME);
	}
	for (size_t i = 0; safevma_observation_gap(obs, i); i++)
		complain("gap: %s", safevma_observation_gap(obs, i));
	if (!safevma_observation_selected(obs))
		complain("nothing was selected: the recording holds no process's memory");
	whole = safevma_observation_selected(obs) && !safevma_observation_lost(obs);
	safevma_observation_free(obs);
	if (safevma_root_close(root, err))
		return complain_error(err, EXIT_RUNTIME);
	return whole ? EXIT_OK : EXIT_INCOMPLETE;
}

static int run(const struct command *command, struct arguments *a)
{
	struct safevma_error err = { 0 };

	(void)command;
	a->request.everything = true;
	if (a->lean)
		a->request.needs &= ~(unsigned int)(SAFEVMA_NEED_RECONCILE | SAFEVMA_NEED_KERNEL |
						    SAFEVMA_NEED_EXPOSURE | SAFEVMA_NEED_COMMIT |
						    SAFEVMA_NEED_SHARE | SAFEVMA_NEED_SLAB_FRAMES);
	if (a->request.window.duration_ms)
		a->request.needs |= SAFEVMA_NEED_WATCH;
	if (a->probe) {
		a->request.needs |= SAFEVMA_NEED_PROBE;
		a->root.drop_privileges = false; /* as probe does, and for its reason */
	} else if (a->request.probe.costly) {
		complain("--yes goes with --probe");
		return EXIT_USAGE;
	}
	if (a->positional.len != 1) {
		complain("record needs a directory to make, or - for a tar stream");
		return EXIT_USAGE;
	}
	if (strcmp(a->positional.ptr[0], "-") != 0) {
		a->root.record_dir = a->positional.ptr[0];
	} else if (isatty(STDOUT_FILENO)) {
		complain("a tar stream would not look good on a terminal: redirect it");
		return EXIT_USAGE;
	} else {
		a->root.record_stream = stdout;
	}
	return record(a, &err);
}

const struct command command_record = {
	.name = "record",
	.summary = "a recording of everything the others need",
	.usage = "[OPTION...] DIR|-",
	.about =
		"Reads what every command needs for the selected processes and keeps it in a new\n"
		"directory, or as a tar stream on standard output. Read it with --root DIR, on "
		"any\n"
		"machine. No contents of pages are recorded; frame numbers and addresses are, and\n"
		"command lines and paths unless --redact.",
	.options = OPTIONS_SELECT | OPTIONS_REDACT | OPTIONS_TABLES | OPTIONS_HOLD,
	.needs = SAFEVMA_NEED_ALL,
	.positional = 1,
	.run = run,
};
