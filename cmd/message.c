// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

void settle_process(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			/* open() takes the lowest number, which is this one */
			(void)!open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN);
}

const char *printable(const char *text)
{
	static char out[2048];
	size_t at = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p && at + 5 < sizeof(out); p++)
		at += (size_t)snprintf(
			out + at, sizeof(out) - at, *p >= 0x20 && *p < 0x7f ? "%c" : "\\x%02x", *p);
	out[at] = 0;
	return out;
}

void complain(const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "safevma: %s\n", printable(text));
}

int complain_error(const struct safevma_error *err, int status)
{
	char text[1200];

	safevma_error_format(err, text, sizeof(text));
	complain("%s", text);
	return err->code == SAFEVMA_E_USAGE ? EXIT_USAGE : status;
}
