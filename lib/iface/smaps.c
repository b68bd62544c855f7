// SPDX-License-Identifier: LGPL-2.1-or-later
#include "smaps.h"

#include "base/error.h"
#include "field.h"

#define KB(name, member)                                                                           \
	{                                                                                          \
		.key = (name), .len = sizeof(name) - 1, .read = sv_field_kb,                       \
		.offset = offsetof(struct sv_smaps_entry, member)                                  \
	}

static const struct sv_field fields[] = {
	KB("Size", size),
	KB("KernelPageSize", kernel_page_size),
	KB("Rss", rss),
	KB("Pss", pss),
	KB("Shared_Clean", shared_clean),
	KB("Shared_Dirty", shared_dirty),
	KB("Private_Clean", private_clean),
	KB("Private_Dirty", private_dirty),
	KB("Anonymous", anonymous),
	KB("KSM", ksm),
	KB("AnonHugePages", anon_huge),
	KB("ShmemPmdMapped", shmem_pmd),
	KB("FilePmdMapped", file_pmd),
	KB("Shared_Hugetlb", shared_hugetlb),
	KB("Private_Hugetlb", private_hugetlb),
	KB("Swap", swap),
	KB("Locked", locked),
	{ .key = NULL },
};

static const struct {
	const char *word;
	enum sv_vmflag flag;
} vmflags[] = {
	{ .word = "lo", .flag = SV_VMFLAG_LOCKED },
	{ .word = "lf", .flag = SV_VMFLAG_LOCKONFAULT },
	{ .word = "ac", .flag = SV_VMFLAG_ACCOUNT },
	{ .word = "nr", .flag = SV_VMFLAG_NORESERVE },
	{ .word = "ht", .flag = SV_VMFLAG_HUGETLB },
	{ .word = "pf", .flag = SV_VMFLAG_PFNMAP },
	{ .word = "mm", .flag = SV_VMFLAG_MIXEDMAP },
	{ .word = "io", .flag = SV_VMFLAG_IO },
	{ .word = "de", .flag = SV_VMFLAG_DONTEXPAND },
	{ .word = "dd", .flag = SV_VMFLAG_DONTDUMP },
	{ .word = "dc", .flag = SV_VMFLAG_DONTCOPY },
	{ .word = "gd", .flag = SV_VMFLAG_GROWSDOWN },
	{ .word = "mg", .flag = SV_VMFLAG_MERGEABLE },
	{ .word = "hg", .flag = SV_VMFLAG_HUGEPAGE },
	{ .word = "nh", .flag = SV_VMFLAG_NOHUGEPAGE },
	{ .word = "wf", .flag = SV_VMFLAG_WIPEONFORK },
	{ .word = "sl", .flag = SV_VMFLAG_SEALED },
	{ .word = "gu", .flag = SV_VMFLAG_GUARD },
	{ .word = "dp", .flag = SV_VMFLAG_DROPPABLE },
	{ .word = "??", .flag = SV_VMFLAG_UNNAMED },
};

/* word: two letters. */
static unsigned int flag_of(struct sv_span word)
{
	for (size_t i = 0; i < sv_array_size(vmflags); i++)
		if (word.ptr[0] == vmflags[i].word[0] && word.ptr[1] == vmflags[i].word[1])
			return vmflags[i].flag;
	return 0;
}

static int read_flags(const struct sv_text *text, struct sv_span words,
	struct sv_smaps_entry *entry, struct safevma_error *err)
{
	struct sv_span rest = sv_trim(words), word;
	uint64_t flags = 0;

	if (entry->flags.known)
		return sv_text_error(text, err, "VmFlags once a VMA", words);
	entry->flags_text = rest;
	for (; sv_take_word(&rest, &word); sv_skip_blanks(&rest)) {
		if (word.len != 2)
			return sv_text_error(text, err, "a flag of two letters", word);
		flags |= flag_of(word);
	}
	entry->flags = sv_known(flags);
	return 0;
}

static int read_line(const struct sv_text *text, struct sv_span line, struct sv_smaps_entry *entry,
	struct safevma_error *err)
{
	struct sv_span words = line;

	if (sv_take_lit(&words, "VmFlags:"))
		return read_flags(text, words, entry, err);
	return sv_field_line(fields, text, line, entry, err);
}

/* Keys begin with a capital letter, addresses with a hexadecimal digit in small letters. */
static bool begins_vma(struct sv_span line)
{
	struct sv_maps_entry next;

	return line.len && !(line.ptr[0] >= 'A' && line.ptr[0] <= 'Z') &&
	       sv_maps_parse_line(line, &next);
}

/* Reads up to the line that begins the next VMA, and leaves that one in the text. */
static int read_body(struct sv_text *text, struct sv_smaps_entry *entry, struct safevma_error *err)
{
	struct sv_text ahead = *text;
	struct sv_span line;

	while (sv_text_line(&ahead, &line) && !begins_vma(line)) {
		if (read_line(&ahead, line, entry, err))
			return -1;
		*text = ahead;
	}
	return 0;
}

int sv_smaps_next(struct sv_text *text, struct sv_smaps_entry *ret, struct safevma_error *err)
{
	struct sv_smaps_entry entry = { 0 };
	int rc = sv_maps_next(text, &entry.vma, err);

	if (rc <= 0)
		return rc;
	if (read_body(text, &entry, err))
		return -1;
	*ret = entry;
	return 1;
}
