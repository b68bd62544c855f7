// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which interfaces can be read here: each is tried; those of processes on the first one named, else
 * on the observer itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/maps.h"
#include "iface/iomem.h"
#include "iface/settings.h"

static struct sv_iface_state *state_of(struct sv_capture *c, enum sv_iface iface)
{
	return &c->obs->ifaces[iface];
}

static void unreadable(struct sv_iface_state *s, const struct safevma_error *why)
{
	s->code = why->code;
	s->errnum = why->errnum;
	snprintf(s->note, sizeof(s->note), "%.150s", why->message);
}

static void readable(struct sv_iface_state *s)
{
	s->readable = s->useful = true;
}

static int try_call(struct sv_capture *c, enum sv_op op, const struct sv_place *place,
	struct safevma_error *err)
{
	struct sv_call call = { .op = op, .place = *place };
	sv_auto_strbuf struct sv_strbuf out = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &out, &why, err);

	if (rc > 0)
		readable(state_of(c, place->iface));
	else
		unreadable(state_of(c, place->iface), &why);
	return rc < 0 ? -1 : 0;
}

static int check_iomem(struct sv_capture *c, const struct sv_strbuf *text)
{
	struct sv_iface_state *s = state_of(c, SV_IFACE_IOMEM);
	struct safevma_error why;
	bool hidden;

	if (sv_iomem_hidden(sv_text_init(text->ptr, text->len, "iomem"), &hidden, &why)) {
		s->useful = false;
		unreadable(s, &why);
	} else if (hidden) {
		s->useful = false;
		snprintf(s->note, sizeof(s->note), "the kernel shows every address as zero");
	}
	return 0;
}

static int try_text(struct sv_capture *c, const struct sv_place *place, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_text(c, place, &text, &why, err);

	if (rc < 0)
		return -1;
	if (!rc) {
		unreadable(state_of(c, place->iface), &why);
		return 0;
	}
	readable(state_of(c, place->iface));
	return place->iface == SV_IFACE_IOMEM ? check_iomem(c, &text) : 0;
}

/* Opened, one word read. */
static int try_open(
	struct sv_capture *c, const struct sv_place *place, bool word, struct safevma_error *err)
{
	struct sv_iface_state *s = state_of(c, place->iface);
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	uint64_t w;
	size_t got;
	int rc = sv_root_open(c->root, place, &f, &why);

	if (!rc && word)
		rc = sv_file_read(f, &w, sizeof(w), 0, &got, &why);
	if (rc && sv_error_fatal(&why))
		return sv_error_pass(err, &why);
	if (rc)
		unreadable(s, &why);
	else
		readable(s);
	if (!rc && place->iface == SV_IFACE_PAGEMAP && c->obs->features.pfn_visible == 0) {
		s->useful = false;
		snprintf(s->note, sizeof(s->note), "the kernel hides frame numbers");
	}
	return 0;
}

static int try_map_files(struct sv_capture *c, pid_t self, struct safevma_error *err)
{
	struct sv_place maps = { .iface = SV_IFACE_MAPS, .pid = self, .tag = "doctor-range" };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_iface_state *s = state_of(c, SV_IFACE_MAP_FILES);
	struct safevma_error why;
	struct sv_maps_entry e;
	struct sv_text t;
	char range[40];
	int rc = sv_capture_text(c, &maps, &text, &why, err);

	if (rc < 0)
		return -1;
	t = sv_text_init(text.ptr, text.len, "maps");
	while (rc && sv_maps_next(&t, &e, &why) > 0) {
		struct sv_place place = {
			.iface = SV_IFACE_MAP_FILES, .pid = self, .arg = range, .tag = "doctor"
		};

		if (!e.inode)
			continue;
		snprintf(range, sizeof(range), "%llx-%llx", (unsigned long long)e.start,
			(unsigned long long)e.end);
		return try_call(c, SV_OP_MAGIC, &place, err);
	}
	if (!rc)
		unreadable(s, &why);
	else
		snprintf(s->note, sizeof(s->note), "nothing to try it on");
	return 0;
}

static int try_one(struct sv_capture *c, enum sv_iface iface, pid_t self, struct safevma_error *err)
{
	struct sv_place place = { .iface = iface, .pid = self, .tid = self, .tag = "doctor" };

	if (iface == SV_IFACE_CGROUP_FILE) /* of which group is for what reads them to say */
		return 0;
	c->obs->ifaces[iface].tried = true;
	if (iface == SV_IFACE_SETTING)
		place.arg = sv_setting_info(SV_SETTING_SWAPPINESS)->path;
	if (iface == SV_IFACE_ZRAM_DISKSIZE || iface == SV_IFACE_ZRAM_MM_STAT)
		place.arg = "0";
	if (iface == SV_IFACE_BOOT_CONFIG)
		place.arg = c->obs->host.release;
	if (iface == SV_IFACE_FD_LINK || iface == SV_IFACE_FDINFO || iface == SV_IFACE_IOMMU_TYPE)
		place.arg = "0";
	switch (sv_iface_info(iface)->kind) {
	case SV_KIND_TEXT:
		return try_text(c, &place, err);
	case SV_KIND_BINARY:
		return try_open(c, &place, !sv_iface_info(iface)->costly, err);
	case SV_KIND_RECORDS:
		return try_open(c, &place, false, err);
	case SV_KIND_LINK:
		return try_call(c, SV_OP_LINK, &place, err);
	case SV_KIND_SHORT:
		return try_call(c, SV_OP_SHORT, &place, err);
	case SV_KIND_LIST:
	case SV_KIND_NAMES:
		return try_call(c, SV_OP_LIST, &place, err);
	case SV_KIND_MAGIC:
		return try_map_files(c, self, err);
	}
	return 0;
}

static int pin_self(struct sv_capture *c, pid_t *ret, struct safevma_error *err)
{
	struct sv_call note = { .op = SV_OP_NOTE,
		.place = { .iface = SV_IFACE_PROC, .tag = "self" } };
	struct sv_call pin = { .op = SV_OP_PIN,
		.place = { .iface = SV_IFACE_STAT, .tag = "doctor" } };
	sv_auto_strbuf struct sv_strbuf text = { 0 }, nothing = { 0 };
	struct safevma_error why;
	struct sv_num n;

	if (sv_capture_call(c, &note, &text, &why, err) < 0)
		return -1;
	n = sv_note_number(&text, "pid");
	if (!n.known)
		return sv_gap_add_cost(c->obs, SV_IFACE_PROC, 0, &why, true,
			"which interfaces of processes can be read", err);
	*ret = pin.place.pid =
		c->request->selection.pids_count ? c->request->selection.pids[0] : (pid_t)n.value;
	return sv_capture_call(c, &pin, &nothing, &why, err) < 0 ? -1 : 0;
}

/* That a recording lost the answer says nothing of the system: it is a gap, not a state. */
static int tell_damage(struct sv_capture *c, enum sv_iface iface, struct safevma_error *err)
{
	const struct sv_iface_state *s = state_of(c, iface);
	struct safevma_error why;

	if (s->code != SAFEVMA_E_RECORDING)
		return 0;
	sv_error_set(&why, s->code, s->errnum, NULL, 0, "%s", s->note);
	return sv_gap_add(c->obs, iface, 0, &why, true, err);
}

int sv_capture_interfaces(struct sv_capture *c, struct safevma_error *err)
{
	pid_t self = 0;

	if (pin_self(c, &self, err))
		return -1;
	for (int i = 0; i < SV_IFACE_COUNT; i++)
		if ((self || !sv_iface_info((enum sv_iface)i)->process) &&
			(try_one(c, (enum sv_iface)i, self, err) ||
				tell_damage(c, (enum sv_iface)i, err)))
			return -1;
	return 0;
}
