// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kcore.h"

#include <elf.h>
#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"

#define NAME "/proc/kcore"

enum {
	HEADERS_MAX = 4 << 20,
	NOTE_NAME_MAX = 64,
	SEGMENTS_MAX = 8192, /* machines have some for each range of RAM: hundreds at most */
};

static const uint64_t mask32 = 0xffffffff;

#define PADDR_MAX (UINT64_C(1) << 52) /* no architecture here has more physical address bits */

/* ---- fields ---------------------------------------------------------------------------------- */

static uint64_t word16(const unsigned char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint64_t word32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t word64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static int malformed(struct safevma_error *err, const char *what, uint64_t got)
{
	return sv_error_set(
		err, SAFEVMA_E_FORMAT, 0, NAME, 0, "expected %s, got 0x%" PRIx64, what, got);
}

struct header {
	bool wide;
	unsigned int machine;
	uint64_t phoff, phnum, phentsize;
};

static void take_table(const unsigned char *p, struct header *h)
{
	h->machine = (unsigned int)word16(p + offsetof(Elf64_Ehdr, e_machine));
	h->phoff = h->wide ? word64(p + offsetof(Elf64_Ehdr, e_phoff))
			   : word32(p + offsetof(Elf32_Ehdr, e_phoff));
	h->phentsize = word16(p + (h->wide ? offsetof(Elf64_Ehdr, e_phentsize)
					   : offsetof(Elf32_Ehdr, e_phentsize)));
	h->phnum = word16(
		p + (h->wide ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum)));
}

static int take_header(
	const unsigned char *p, size_t len, struct header *h, struct safevma_error *err)
{
	size_t want;

	if (len < SV_KCORE_HEADER)
		return malformed(err, "a file header of at least 64 bytes", len);
	if (memcmp(p, ELFMAG, SELFMAG) != 0)
		return malformed(err, "the magic number of ELF", word32(p));
	if (p[EI_CLASS] != ELFCLASS64 && p[EI_CLASS] != ELFCLASS32)
		return malformed(err, "ELF of 32 or 64 bits", p[EI_CLASS]);
	if (p[EI_DATA] != ELFDATA2LSB)
		return sv_error_set(err, SAFEVMA_E_UNSUPPORTED, 0, NAME, 0,
			"a big-endian kernel: its page tables are not known here");
	h->wide = p[EI_CLASS] == ELFCLASS64;
	take_table(p, h);
	want = h->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if (h->phentsize != want)
		return malformed(
			err, "program headers of the size that their class has", h->phentsize);
	if (!h->phnum || h->phnum == PN_XNUM)
		return malformed(err, "1 to 65534 program headers", h->phnum);
	if (h->phoff < SV_KCORE_HEADER - 12 || h->phoff > HEADERS_MAX - h->phnum * want)
		return malformed(err, "program headers in the first 4 MiB", h->phoff);
	return 0;
}

int sv_kcore_header_size(const void *data, size_t len, uint64_t *ret, struct safevma_error *err)
{
	struct header h;

	if (take_header(data, len, &h, err))
		return -1;
	*ret = h.phoff + h.phnum * h.phentsize;
	if (*ret < SV_KCORE_HEADER)
		*ret = SV_KCORE_HEADER;
	return 0;
}

/* ---- program headers ------------------------------------------------------------------------- */

struct program {
	uint64_t type, offset, vaddr, paddr, filesz, memsz;
};

static struct program take_program(const unsigned char *p, bool wide)
{
#define FIELD(name)                                                                                \
	(wide ? word64(p + offsetof(Elf64_Phdr, name)) : word32(p + offsetof(Elf32_Phdr, name)))
	return (struct program) { .type = word32(p),
		.offset = FIELD(p_offset),
		.vaddr = FIELD(p_vaddr),
		.paddr = FIELD(p_paddr),
		.filesz = FIELD(p_filesz),
		.memsz = FIELD(p_memsz) };
#undef FIELD
}

static int add_program(struct sv_kcore *k, const struct program *p, struct safevma_error *err)
{
	struct sv_kcore_segment *s;

	if (p->type == PT_NOTE) {
		k->note_offset = p->offset;
		k->note_size = p->filesz;
	}
	if (p->type != PT_LOAD || !p->memsz)
		return 0;
	if (k->segments.len == SEGMENTS_MAX)
		return malformed(err, "at most 8192 segments", SEGMENTS_MAX + 1);
	s = sv_vec_push(&k->segments);
	if (!s)
		return sv_error_nomem(err);
	*s = (struct sv_kcore_segment) { .vaddr = p->vaddr,
		.paddr = p->paddr,
		.size = p->memsz,
		.offset = p->offset,
		.has_paddr = p->paddr != (k->wide ? UINT64_MAX : mask32) };
	if (p->vaddr > UINT64_MAX - (p->memsz - 1))
		return malformed(
			err, "a segment that ends in the address space, its size", p->memsz);
	/* A vmalloc area may well be as large as its part of the address space; RAM is not. */
	if (s->has_paddr && (p->memsz > PADDR_MAX || p->paddr > PADDR_MAX - p->memsz ||
				    p->vaddr > UINT64_MAX - p->memsz))
		return malformed(
			err, "RAM below the limit of 52 bits, a segment of its size", p->memsz);
	return 0;
}

int sv_kcore_parse(const void *data, size_t len, struct sv_kcore *ret, struct safevma_error *err)
{
	struct sv_kcore k = { 0 };
	struct header h;

	if (take_header(data, len, &h, err))
		return -1;
	if (h.phoff + h.phnum * h.phentsize > len)
		return malformed(err, "all program headers, but the file ends before them", len);
	k.wide = h.wide;
	k.machine = h.machine;
	for (uint64_t i = 0; i < h.phnum; i++) {
		struct program p = take_program(
			(const unsigned char *)data + h.phoff + i * h.phentsize, h.wide);

		if (add_program(&k, &p, err)) {
			sv_kcore_fini(&k);
			return -1;
		}
	}
	*ret = k;
	return 0;
}

void sv_kcore_fini(struct sv_kcore *k)
{
	sv_vec_fini(&k->segments);
}

/* ---- notes ----------------------------------------------------------------------------------- */

static uint64_t padded(uint64_t n)
{
	return (n + 3) & ~UINT64_C(3);
}

int sv_kcore_vmcoreinfo(
	const void *data, size_t len, struct sv_span *ret, struct safevma_error *err)
{
	const unsigned char *p = data;
	static const char name[] = "VMCOREINFO";

	while (len >= 12) {
		uint64_t namesz = word32(p), descsz = word32(p + 4);
		uint64_t total = 12 + padded(namesz) + padded(descsz);

		if (namesz > NOTE_NAME_MAX || total > len)
			break;
		if (namesz == sizeof(name) && !memcmp(p + 12, name, sizeof(name))) {
			ret->ptr = (const char *)p + 12 + padded(namesz);
			ret->len = (size_t)descsz;
			return 0;
		}
		p += total;
		len -= (size_t)total;
	}
	return malformed(err, "a note named VMCOREINFO among the notes, bytes left", len);
}

/* ---- looking up ------------------------------------------------------------------------------ */

static uint64_t distance(const struct sv_kcore *k, const struct sv_kcore_segment *s)
{
	return k->wide ? s->vaddr - s->paddr : (s->vaddr - s->paddr) & mask32;
}

bool sv_kcore_delta(const struct sv_kcore *k, uint64_t *delta)
{
	const struct sv_kcore_segment *lowest = NULL;

	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];

		if (s->has_paddr && (!lowest || s->vaddr < lowest->vaddr))
			lowest = s;
	}
	if (lowest)
		*delta = distance(k, lowest);
	return lowest != NULL;
}

const struct sv_kcore_segment *sv_kcore_image(const struct sv_kcore *k, uint64_t delta)
{
	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];

		if (s->has_paddr && distance(k, s) != delta)
			return s;
	}
	return NULL;
}

bool sv_kcore_find_ram(
	const struct sv_kcore *k, uint64_t delta, uint64_t paddr, uint64_t size, uint64_t *offset)
{
	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];

		if (!s->has_paddr || distance(k, s) != delta || paddr < s->paddr ||
			size > s->size || paddr - s->paddr > s->size - size)
			continue;
		*offset = s->offset + (paddr - s->paddr);
		return true;
	}
	return false;
}

bool sv_kcore_ram_at(
	const struct sv_kcore *k, unsigned int page_shift, uint64_t pfn, uint64_t *until)
{
	*until = UINT64_MAX >> page_shift;
	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];
		uint64_t first = s->paddr >> page_shift, end = (s->paddr + s->size) >> page_shift;

		if (!s->has_paddr)
			continue;
		if (pfn >= first && pfn < end) {
			*until = end;
			return true;
		}
		if (first > pfn && first < *until)
			*until = first;
	}
	return false;
}

bool sv_kcore_find_vaddr(const struct sv_kcore *k, uint64_t vaddr, uint64_t *offset, uint64_t *len)
{
	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];

		if (vaddr < s->vaddr || vaddr - s->vaddr >= s->size)
			continue;
		*offset = s->offset + (vaddr - s->vaddr);
		*len = s->size - (vaddr - s->vaddr);
		return true;
	}
	return false;
}
