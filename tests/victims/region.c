// SPDX-License-Identifier: LGPL-2.1-or-later
/* What every sort of memory is made with: mapping it apart from others, touching, locking. */
#include "victim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int region_skip(struct region *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->skipped, sizeof(r->skipped), fmt, ap);
	va_end(ap);
	return -1;
}

/*
 * A mapping with an unmapped page on both sides, so that the kernel merges no two regions into one
 * VMA: the room is reserved with a page more at each end, and the ends are given back.
 */
unsigned char *map_apart(size_t size, size_t align, int prot, int flags, int fd)
{
	size_t page = page_size(), room = size + align + 2 * page;
	unsigned char *base, *start, *end;

	base = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	start = base + page;
	start += (align - (uintptr_t)start % align) % align;
	end = start + size;
	munmap(base, (size_t)(start - base));
	munmap(end, (size_t)(base + room - end));
	if (mmap(start, size, prot, flags | MAP_FIXED, fd, 0) != MAP_FAILED)
		return start;
	munmap(start, size);
	return NULL;
}

void region_free(struct region *r)
{
	free(r->touched);
	free(r->guard);
	r->touched = r->guard = NULL;
}

int region_resize(struct region *r, size_t pages)
{
	region_free(r);
	r->pages = pages;
	r->touched = calloc(pages, 1);
	r->guard = calloc(pages, 1);
	if (!r->touched || !r->guard)
		return region_skip(r, "out of memory");
	return 0;
}

int region_map(struct region *r, int prot, int flags, int fd)
{
	r->start = map_apart(r->pages * page_size(), page_size(), prot, flags, fd);
	if (!r->start)
		return region_skip(r, "mmap: %s", strerror(errno));
	return 0;
}

int region_map_anon(struct region *r)
{
	return region_map(r, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void region_touch(struct region *r, size_t first, size_t count)
{
	size_t i;

	for (i = first; i < first + count && i < r->pages; i++) {
		*(volatile unsigned char *)(r->start + i * page_size()) = 0x5a;
		r->touched[i] = 1;
	}
}

void region_look(struct region *r, size_t first, size_t count)
{
	size_t i;

	for (i = first; i < first + count && i < r->pages; i++) {
		(void)*(volatile unsigned char *)(r->start + i * page_size());
		r->touched[i] = 1;
	}
}

int region_lock(struct region *r, unsigned int flags)
{
	if (mlock2(r->start, r->pages * page_size(), flags))
		return region_skip(r, "mlock: %s", strerror(errno));
	r->mlocked = true;
	if (!flags)
		memset(r->touched, 1, r->pages);
	return 0;
}

int region_new(struct region *r, const struct region_kind *kind)
{
	*r = (struct region) { .kind = kind, .pages = settings.pages, .class = kind->class };
	if (!region_resize(r, r->pages) && !kind->make(r))
		return 0;
	if (r->start)
		munmap(r->start, r->pages * page_size());
	return -1;
}
