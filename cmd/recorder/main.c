// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * safevma-recorder: `safevma record` alone, for devices that have libc and nothing else. Built by
 * `make recorder`, static.
 */
#include <stdio.h>

#include "../command.h"

extern const struct command command_record;

int main(int argc, char **argv)
{
	struct arguments args;
	int status;

	settle_process();
	status = arguments_read(&command_record, argc, argv, &args);
	if (status < 0)
		status = command_record.run(&command_record, &args);
	arguments_free(&args);
	if (fflush(stdout) || ferror(stdout)) {
		complain("write to standard output failed");
		return EXIT_RUNTIME;
	}
	return status;
}
