// SPDX-License-Identifier: LGPL-2.1-or-later
#include "area.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/swap.h>
#include <unistd.h>

void print_base64(const unsigned char *in, size_t size)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int three;

	for (; size; in += 3, size -= size < 3 ? size : 3) {
		three = (unsigned int)in[0] << 16 | (size > 1 ? (unsigned int)in[1] << 8 : 0) |
			(size > 2 ? in[2] : 0);
		putchar(letters[three >> 18]);
		putchar(letters[three >> 12 & 63]);
		putchar(size > 1 ? letters[three >> 6 & 63] : '=');
		putchar(size > 2 ? letters[three & 63] : '=');
	}
	putchar('\n');
}

/* union swap_header: version, last page, and the magic at the end of the first page. */
int swap_make_and_use(const char *device)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = open(device, O_RDWR | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	unsigned int version[2] = { 1, (unsigned int)(size / (off_t)page) - 1 };
	int bad = size <= 0 || pwrite(fd, version, sizeof(version), 1024) < 0 ||
		  pwrite(fd, "SWAPSPACE2", 10, (off_t)page - 10) < 0 || fsync(fd);

	if (fd >= 0)
		close(fd);
	return bad ? -1 : swapon(device, 0);
}
