// SPDX-License-Identifier: LGPL-2.1-or-later
/* frames --pfn: what each of these frames is, and every page that maps it. */
#include "iface/kpage.h"
#include "measure/owners.h"
#include "table_holding.h"

static bool next_group(safevma_cursor *c)
{
	const struct sv_frame_index *frames = &c->obs->target.frames;

	if (!c->item && sv_measure_owners(c->obs, &c->owners)) {
		c->failed = true;
		return false;
	}
	if (c->item >= frames->len)
		return false;
	c->frame = sv_frames_at(frames, c->item++);
	c->owner = sv_owners_of(&c->owners, c->frame.pfn, &c->owners_found);
	c->next_index = 0;
	c->run.reached = sv_owned_reach(c->obs, &c->frame, c->owner, c->owners_found);
	c->zone = sv_exposure_zone(&c->obs->exposure, c->frame.pfn);
	return true;
}

static bool next_row(safevma_cursor *c)
{
	if (c->next_index >= c->owners_found)
		return false;
	c->process = c->owner[c->next_index].process;
	c->vma = c->owner[c->next_index].vma;
	c->next_index++;
	return true;
}

static const struct sv_owner *current(const safevma_cursor *c)
{
	return &c->owner[c->next_index - 1];
}

static struct safevma_value part(
	const safevma_cursor *c, enum sv_frame_part part, enum safevma_type type, uint64_t v)
{
	return c->frame.known & part ? sv_value_u64(type, v) : sv_value_unknown();
}

static struct safevma_value get_pfn(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->frame.pfn);
}

static struct safevma_value get_place(safevma_cursor *c)
{
	enum sv_place_of place = sv_place_of_frame(c->obs, &c->frame);

	return place == SV_PLACE_UNKNOWN ? sv_value_unknown() : sv_value_text(sv_place_name(place));
}

static struct safevma_value get_class(safevma_cursor *c)
{
	return sv_value_class(sv_class_of(&c->frame));
}

static struct safevma_value get_flags(safevma_cursor *c)
{
	return part(c, SV_FRAME_FLAGS, SAFEVMA_TYPE_HEX, c->frame.flags);
}

static struct safevma_value get_flag_names(safevma_cursor *c)
{
	c->scratch.len = 0;
	if (!(c->frame.known & SV_FRAME_FLAGS))
		return sv_value_unknown();
	for (unsigned int bit = 0; bit < 64; bit++) {
		const char *name = sv_kpf_name(bit);
		int rc = 0;

		if (!(c->frame.flags >> bit & 1))
			continue;
		if (name)
			rc = sv_strbuf_printf(&c->scratch, "%s%s", c->scratch.len ? " " : "", name);
		else
			rc = sv_strbuf_printf(
				&c->scratch, "%sbit%u", c->scratch.len ? " " : "", bit);
		if (rc)
			c->failed = true;
	}
	return sv_value_words(c->scratch.len ? c->scratch.ptr : "");
}

/* Of no frame of the machine the kernel's words say anything, zero neither. */
static bool beyond(const safevma_cursor *c)
{
	return sv_place_of_frame(c->obs, &c->frame) == SV_PLACE_BEYOND;
}

static struct safevma_value get_mapcount(safevma_cursor *c)
{
	return beyond(c) ? sv_value_unknown()
			 : part(c, SV_FRAME_COUNT, SAFEVMA_TYPE_U64, c->frame.count);
}

static struct sv_num found(const safevma_cursor *c)
{
	return c->obs->features.pfn_visible == 1 ? sv_owners_entries(c->owner, c->owners_found)
						 : (struct sv_num) { 0 };
}

static struct safevma_value get_found(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, found(c));
}

static struct safevma_value get_unexplained(safevma_cursor *c)
{
	struct sv_num n = sv_unexplained(&c->frame, found(c));

	if (beyond(c))
		return sv_value_unknown();

	/* What is missing may be in a process that could not be looked into. */
	if (n.value && safevma_observation_lost(c->obs))
		n.known = false;
	return sv_value_num(SAFEVMA_TYPE_U64, n);
}

static struct safevma_value get_cgroup(safevma_cursor *c)
{
	return part(c, SV_FRAME_CGROUP, SAFEVMA_TYPE_U64, c->frame.cgroup);
}

static struct safevma_value get_node(safevma_cursor *c)
{
	return c->zone ? sv_value_u64(SAFEVMA_TYPE_U64, c->zone->span.node) : sv_value_unknown();
}

static struct safevma_value get_zone(safevma_cursor *c)
{
	return c->zone ? sv_value_text(c->zone->span.name) : sv_value_unknown();
}

static bool around(const safevma_cursor *c)
{
	return (c->frame.known & SV_FRAME_AROUND) && !beyond(c);
}

static struct safevma_value get_block(safevma_cursor *c)
{
	uint64_t mask = (UINT64_C(1) << c->obs->exposure.block_order) - 1;

	return c->obs->exposure.blocks_known ? sv_value_u64(SAFEVMA_TYPE_HEX, c->frame.pfn & ~mask)
					     : sv_value_unknown();
}

static struct safevma_value get_mixed(safevma_cursor *c)
{
	return around(c) ? sv_value_bool(c->frame.mixed) : sv_value_unknown();
}

/* None near is no distance: unknown and none must not look the same. */
static struct safevma_value get_distance(safevma_cursor *c)
{
	return around(c) ? sv_value_u64(SAFEVMA_TYPE_U64, c->frame.distance) : sv_value_unknown();
}

static struct safevma_value get_others(safevma_cursor *c)
{
	return sv_other_mappings(
		c, &c->obs->target.kernel, sv_known(c->frame.pfn), c->run.reached.others);
}

static struct safevma_value get_below_pfn(safevma_cursor *c)
{
	return c->frame.pfn ? sv_value_u64(SAFEVMA_TYPE_HEX, c->frame.pfn - 1) : sv_value_unknown();
}

static struct safevma_value get_below(safevma_cursor *c)
{
	return sv_value_class(c->frame.below);
}

static struct safevma_value get_above_pfn(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->frame.pfn + 1);
}

static struct safevma_value get_above(safevma_cursor *c)
{
	return sv_value_class(c->frame.above);
}

static const struct sv_holding *held(const safevma_cursor *c)
{
	return sv_holding_of(c->obs, c->frame.pfn, sv_class_of(&c->frame));
}

SV_HOLDING_COLUMNS(owner, held)

static const struct sv_column group_columns[] = {
	SV_COL("PFN", "pfn", "number of the frame", HEX, true, get_pfn),
	SV_COL("PLACE", "place",
		"memory; hole: no memory that the kernel manages; beyond: past all zones", STRING,
		true, get_place),
	SV_COL("CLASS", "class", "what the frame is used for", STRING, true, get_class),
	SV_COL("FLAGS", "flags", "its word of kpageflags", HEX, false, get_flags),
	SV_COL("NAMES", "flag_names", "names of these flags", WORDS, true, get_flag_names),
	SV_COL("MAPCOUNT", "mapcount", "how many page-table entries map it", U64, true,
		get_mapcount),
	SV_COL("FOUND", "mappings_found", "of these, entries of processes that were found", U64,
		true, get_found),
	SV_ALARM("UNEXPLAINED", "mappings_unexplained", "of these, not found in any process", U64,
		true, get_unexplained),
	SV_COL("CGROUP", "cgroup_inode", "inode of the control group charged, 0 for none", U64,
		false, get_cgroup),
	SV_HOLDING_ROWS(owner, "holder_", "owner", true),
	SV_COL("NODE", "node", "NUMA node", U64, false, get_node),
	SV_COL("ZONE", "zone", "zone of the page allocator", STRING, true, get_zone),
	SV_COL("BLOCK", "block_pfn", "first frame of its pageblock", HEX, false, get_block),
	SV_COL("MIXED", "mixed_block", "its pageblock holds slab or the like", BOOL, true,
		get_mixed),
	SV_COL("DISTANCE", "distance",
		"frames down to the nearest such source; 0: none within a pageblock's size", U64,
		true, get_distance),
	SV_COL("REACH", "reach", "whether the kernel's linear map reaches it", STRING, true,
		sv_get_reach),
	SV_COL("BASIS", "basis", "how that is known", STRING, true, sv_get_basis),
	SV_COL("APERM", "alias_perm", "what the linear map may do there: rw or ro", STRING, true,
		sv_get_alias_perm),
	SV_COL("ALIAS", "alias", "its address in the linear map", HEX, true, sv_get_alias),
	SV_ALARM("OTHER", "other_mappings", "further kernel addresses, as zone:rw:address", WORDS,
		true, get_others),
	SV_COL("BELOW-PFN", "below.pfn", "frame right below", HEX, false, get_below_pfn),
	SV_COL("BELOW", "below.class", "what lies right below", STRING, true, get_below),
	SV_COL("ABOVE-PFN", "above.pfn", "frame right above", HEX, false, get_above_pfn),
	SV_COL("ABOVE", "above.class", "what lies right above", STRING, true, get_above),
};

static struct safevma_value get_vaddr(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, current(c)->vaddr);
}

static struct safevma_value get_vma_end(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->vma->end);
}

static struct safevma_value get_changed(safevma_cursor *c)
{
	return sv_value_bool(current(c)->changed);
}

static const struct sv_column row_columns[] = {
	SV_COL("PFN", "pfn", "number of the frame", HEX, false, get_pfn),
	SV_COL("PID", "pid", "process number", U64, true, sv_get_pid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, sv_get_comm),
	SV_COL("EXE", "exe", "path of its executable", STRING, false, sv_get_exe),
	SV_COL("VADDR", "vaddr", "address of the page that maps the frame", HEX, true, get_vaddr),
	SV_COL("VMA", "vma", "first address of its VMA", HEX, true, sv_get_vma),
	SV_COL("END", "vma_end", "address after the last of its VMA", HEX, false, get_vma_end),
	SV_COL("PERMS", "perms", "what the process may do there", STRING, true, sv_get_perms),
	SV_COL("KIND", "kind", "kind of its VMA", STRING, true, sv_get_kind),
	SV_COL("CHANGED", "changed", "it did not stay the same while read", BOOL, false,
		get_changed),
	SV_COL("PATH", "path", "file or name of its VMA", STRING, true, sv_get_path),
};

/* Pages that came to map one of the frames, or ceased to, while they were looked at. */
static uint64_t changed_pages(const safevma_observation *obs)
{
	uint64_t n = 0;

	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_pages *pages = &obs->processes.ptr[i].pages;
		struct sv_page_walk w = sv_pages_walk(pages, 0, pages->len);
		struct sv_page pg;

		while (sv_page_next(&w, &pg))
			n += pg.changed;
	}
	return n;
}

/* Every frame read, every process looked into, and nothing changed meanwhile. */
static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	*ret = (struct sv_coverage) { .changed = changed_pages(obs) };
	for (size_t i = 0; i < obs->target.frames.len; i++) {
		struct sv_frame f = sv_frames_at(&obs->target.frames, i);

		ret->total++;
		ret->examined += sv_class_of(&f) != SV_CLASS_UNKNOWN;
		ret->unreadable += sv_class_of(&f) == SV_CLASS_UNKNOWN;
	}
}

static bool complete(const safevma_observation *obs)
{
	struct sv_coverage c;

	coverage(obs, &c);
	return !safevma_observation_lost(obs) && c.total && c.examined == c.total && !c.changed;
}

const struct safevma_table sv_table_owners = {
	.name = "frames-pfn",
	.group_member = "frames",
	.row_member = "mappings",
	SV_GROUPS_OF_ROWS,
	.complete = complete,
	.coverage = coverage,
	.none = "no frame was asked for",
};
