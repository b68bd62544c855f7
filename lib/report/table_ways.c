// SPDX-License-Identifier: LGPL-2.1-or-later
/* share: descriptors that carry memory to others, and ways to memory around its mappings. */
#include <string.h>

#include "iface/maps.h"
#include "table.h"

static bool made(const safevma_observation *obs)
{
	return obs->share.made;
}

#define PIDS(n) sv_value_u64(SAFEVMA_TYPE_U64, (uint64_t)(n))

/* ---- descriptors of memory ------------------------------------------------------------------- */

/* One object: an inode of its sort of filesystem. System V segments have theirs by number. */
static bool same_object(const struct sv_memory_map *m, enum sv_fd_kind kind, struct sv_num inode)
{
	return inode.known && m->kind == kind && m->inode == inode.value;
}

/* Of memory of the selected: open in one of them, or mapped there. */
static bool of_selected(const safevma_observation *obs, const struct sv_descriptor *d)
{
	if (d->selected)
		return true;
	for (size_t i = 0; i < obs->share.maps.len; i++)
		if (obs->share.maps.ptr[i].selected &&
			same_object(&obs->share.maps.ptr[i], d->kind, d->inode))
			return true;
	for (size_t i = 0; i < obs->share.descriptors.len; i++) {
		const struct sv_descriptor *x = &obs->share.descriptors.ptr[i];

		if (x->selected && x->kind == d->kind && x->inode.known && d->inode.known &&
			x->inode.value == d->inode.value)
			return true;
	}
	return false;
}

/* Descriptors first, then segments of System V, which have none. */
static bool next_descriptor(safevma_cursor *c)
{
	const struct sv_sharing *s = &c->obs->share;

	c->descriptor = NULL;
	c->memory_map = NULL;
	while (c->next_index < s->descriptors.len) {
		const struct sv_descriptor *d = &s->descriptors.ptr[c->next_index++];

		if (sv_fd_is_memory(d->kind) && of_selected(c->obs, d)) {
			c->descriptor = d;
			return true;
		}
	}
	while (c->next_index < s->descriptors.len + s->maps.len) {
		const struct sv_memory_map *m = &s->maps.ptr[c->next_index++ - s->descriptors.len];

		if (m->selected && m->kind == SV_FD_OTHER) {
			c->memory_map = m;
			return true;
		}
	}
	return false;
}

#define FD(name, of_fd, of_map)                                                                    \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_descriptor *d = c->descriptor;                                     \
		const struct sv_memory_map *m = c->memory_map;                                     \
		(void)m;                                                                           \
		return d ? of_fd : of_map;                                                         \
	}

static struct safevma_value comm_of(const safevma_observation *obs, pid_t pid)
{
	for (size_t i = 0; i < obs->processes.len; i++)
		if (obs->processes.ptr[i].pid == pid)
			return sv_value_bytes_text(&obs->processes.ptr[i].comm);
	return sv_value_unknown();
}

FD(fd_pid, PIDS(d->pid), PIDS(m->pid))
FD(fd_comm, sv_value_bytes_text(&d->comm), comm_of(c->obs, m->pid))
FD(fd_selected, sv_value_bool(d->selected), sv_value_bool(m->selected))
FD(fd_number, sv_value_u64(SAFEVMA_TYPE_U64, d->number), sv_value_unknown())
FD(fd_kind, sv_value_text(sv_fd_kind_name(d->kind)), sv_value_text("sysv-shm"))
FD(fd_genuine, sv_value_bool_num(d->genuine), sv_value_bool(true))
FD(fd_cloexec, sv_value_bool_num(d->cloexec), sv_value_unknown())
FD(fd_survives, d->cloexec.known ? sv_value_bool(!d->cloexec.value) : sv_value_unknown(),
	sv_value_bool(false))
FD(fd_writable, sv_value_bool_num(d->writable), sv_value_bool(m->perms &SV_PERM_WRITE))
FD(fd_inode, sv_value_num(SAFEVMA_TYPE_U64, d->inode), sv_value_u64(SAFEVMA_TYPE_U64, m->inode))
FD(fd_target, sv_value_bytes_text(&d->target), sv_value_bytes_text(&m->path))

static enum sv_fd_kind kind_of(const safevma_cursor *c)
{
	return c->descriptor ? c->descriptor->kind : SV_FD_OTHER;
}

static struct sv_num inode_of(const safevma_cursor *c)
{
	return c->descriptor ? c->descriptor->inode : sv_known(c->memory_map->inode);
}

static pid_t pid_of(const safevma_cursor *c)
{
	return c->descriptor ? c->descriptor->pid : c->memory_map->pid;
}

static void add_pid(safevma_cursor *c, pid_t *last, pid_t pid)
{
	if (pid == *last || pid == pid_of(c))
		return;
	*last = pid;
	if (sv_strbuf_printf(&c->scratch, "%s%d", c->scratch.len ? " " : "", pid))
		c->failed = true;
}

/* Without the inode's number (up to 5.13) one file cannot be told from another of its name. */
static struct safevma_value get_open_in(safevma_cursor *c)
{
	const struct sv_sharing *s = &c->obs->share;
	struct sv_num inode = inode_of(c);
	pid_t last = 0;

	c->scratch.len = 0;
	if (!inode.known)
		return sv_value_unknown();
	for (size_t i = 0; i < s->descriptors.len && c->descriptor; i++) {
		const struct sv_descriptor *d = &s->descriptors.ptr[i];

		if (d->kind == kind_of(c) && d->inode.known && d->inode.value == inode.value)
			add_pid(c, &last, d->pid);
	}
	return sv_value_words(c->scratch.len ? c->scratch.ptr : "");
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Processes that map the object, each once, in order of number. */
static void add_mappers(safevma_cursor *c, struct sv_num inode, pid_t *pids)
{
	const struct sv_sharing *s = &c->obs->share;
	size_t n = 0;
	pid_t last = 0;

	for (size_t i = 0; i < s->maps.len; i++)
		if (same_object(&s->maps.ptr[i], kind_of(c), inode))
			pids[n++] = s->maps.ptr[i].pid;
	qsort(pids, n, sizeof(*pids), by_number);
	for (size_t i = 0; i < n; i++)
		add_pid(c, &last, pids[i]);
}

static struct safevma_value get_mapped_in(safevma_cursor *c)
{
	struct sv_num inode = inode_of(c);
	pid_t *pids;

	c->scratch.len = 0;
	if (!inode.known)
		return sv_value_unknown();
	pids = reallocarray(NULL, c->obs->share.maps.len + 1, sizeof(*pids));
	if (pids)
		add_mappers(c, inode, pids);
	else
		c->failed = true;
	free(pids);
	return sv_value_words(c->scratch.len ? c->scratch.ptr : "");
}

static struct safevma_value get_all_read(safevma_cursor *c)
{
	return sv_value_bool(sv_share_whole(&c->obs->share) && c->obs->share.descriptors_whole);
}

static const struct sv_column fd_columns[] = {
	SV_COL("PID", "pid", "process number", U64, true, get_fd_pid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, get_fd_comm),
	SV_COL("SELECTED", "selected", "false: another process, with memory of a selected one",
		BOOL, true, get_fd_selected),
	SV_COL("FD", "fd", "number of the descriptor", U64, true, get_fd_number),
	SV_COL("KIND", "kind", "memfd, secretmem, shm, sysv-shm, dma-buf or guest-memfd", STRING,
		true, get_fd_kind),
	SV_COL("GENUINE", "genuine", "the filesystem behind it says so too, and not its name alone",
		BOOL, false, get_fd_genuine),
	SV_COL("CLOEXEC", "close_on_exec", "exec closes it", BOOL, false, get_fd_cloexec),
	SV_ALARM("SURVIVES", "survives_exec", "exec hands it to the next program", BOOL, true,
		get_fd_survives),
	SV_COL("WRITABLE", "writable", "opened for writing", BOOL, true, get_fd_writable),
	SV_COL("INODE", "inode", "tells one memory from another; from Linux 5.14 on", U64, false,
		get_fd_inode),
	SV_ALARM("OPEN-IN", "open_in", "other processes that have it open too", WORDS, true,
		get_open_in),
	SV_ALARM("MAPPED-IN", "mapped_in", "other processes that map it", WORDS, true,
		get_mapped_in),
	SV_COL("ALL-READ", "all_read", "every process was looked into for these two", BOOL, false,
		get_all_read),
	SV_COL("TARGET", "target", "what it is open on", STRING, true, get_fd_target),
};

const struct safevma_table sv_table_memory_fds = {
	.name = "descriptors",
	.row_member = "descriptors",
	.row_columns = fd_columns,
	.row_count = sv_array_size(fd_columns),
	.next_row = next_descriptor,
	.wanted = made,
	.also = &sv_table_ways,
};

/* ---- ways around mappings -------------------------------------------------------------------- */

/* Descriptors first, then processes that are traced. */
static bool next_way(safevma_cursor *c)
{
	const struct sv_sharing *s = &c->obs->share;

	c->descriptor = NULL;
	while (c->next_index < s->descriptors.len) {
		const struct sv_descriptor *d = &s->descriptors.ptr[c->next_index++];

		if (!sv_fd_is_memory(d->kind)) {
			c->descriptor = d;
			return true;
		}
	}
	while (c->next_index < s->descriptors.len + c->obs->processes.len) {
		c->process = &c->obs->processes.ptr[c->next_index++ - s->descriptors.len];
		if (c->process->tracer.known && c->process->tracer.value)
			return true;
	}
	return false;
}

#define WAY(name, of_fd, of_trace)                                                                 \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_descriptor *d = c->descriptor;                                     \
		const struct sv_process *p = c->process;                                           \
		(void)p;                                                                           \
		return d ? of_fd : of_trace;                                                       \
	}

/* What holding it means. */
static const char *meaning(enum sv_fd_kind kind)
{
	static const char *const texts[SV_FD_KIND_COUNT] = {
		[SV_FD_MEM] = "reads and writes physical memory, as far as STRICT_DEVMEM and "
			      "lockdown let it",
		[SV_FD_KMEM] = "reads and writes kernel memory",
		[SV_FD_PORT] = "tells devices by I/O ports to write memory",
		[SV_FD_KCORE] = "reads all memory that the kernel maps",
		[SV_FD_PROCMEM] = "reads and writes memory of that process",
		[SV_FD_VFIO] = "gives a device memory of its process to write, pinned",
		[SV_FD_RDMA] = "lets a network adapter write memory of its process, pinned",
		[SV_FD_UDMABUF] = "makes buffers for devices of a memfd, pinned",
	};

	return texts[kind];
}

/* Memory of which selected process; of all of them where it is no process's. */
static struct safevma_value reaches(const safevma_cursor *c, pid_t whose)
{
	if (whose < 0)
		return sv_value_unknown();
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (c->obs->processes.ptr[i].pid == whose)
			return sv_value_bool(c->obs->processes.ptr[i].selected);
	return sv_value_bool(false);
}

/* Devices reach what their process gives them; these reach any memory. */
static struct safevma_value reaches_by(const safevma_cursor *c, const struct sv_descriptor *d)
{
	switch ((int)d->kind) {
	case SV_FD_PROCMEM:
		return reaches(c, d->whose);
	case SV_FD_VFIO:
	case SV_FD_RDMA:
	case SV_FD_UDMABUF:
		return sv_value_bool(d->selected);
	default:
		return sv_value_bool(true);
	}
}

WAY(way_pid, PIDS(d->pid), sv_value_num(SAFEVMA_TYPE_U64, p->tracer))
WAY(way_comm, sv_value_bytes_text(&d->comm), comm_of(c->obs, (pid_t)p->tracer.value))
WAY(way, sv_value_text(sv_fd_kind_name(d->kind)), sv_value_text("traces"))
WAY(way_fd, sv_value_u64(SAFEVMA_TYPE_U64, d->number), sv_value_unknown())
WAY(way_writable, sv_value_bool_num(d->writable), sv_value_bool(true))
WAY(way_whose, d->whose > 0 ? PIDS(d->whose) : sv_value_unknown(), PIDS(p->pid))
WAY(way_reaches, reaches_by(c, d), sv_value_bool(p->selected))
WAY(way_target, sv_value_bytes_text(&d->target), sv_value_text(""))
WAY(way_means, sv_value_text(meaning(d->kind)), sv_value_text("reads and writes its memory"))

static const struct sv_column way_columns[] = {
	SV_COL("PID", "pid", "process that has the way", U64, true, get_way_pid),
	SV_COL("COMM", "comm", "name that it gave itself", STRING, true, get_way_comm),
	SV_COL("WAY", "way",
		"dev-mem, dev-kmem, dev-port, kcore, proc-mem, vfio, rdma, udmabuf, traces", STRING,
		true, get_way),
	SV_COL("FD", "fd", "number of the descriptor", U64, true, get_way_fd),
	SV_COL("WRITABLE", "writable", "it can write that way", BOOL, true, get_way_writable),
	SV_COL("WHOSE", "whose", "process whose memory that is, where it is one's", U64, true,
		get_way_whose),
	SV_ALARM("REACHES", "reaches_selected", "memory of a selected process can be got at so",
		BOOL, true, get_way_reaches),
	SV_COL("MEANS", "means", "what holding it means", STRING, true, get_way_means),
	SV_COL("TARGET", "target", "what the descriptor is open on", STRING, false, get_way_target),
};

const struct safevma_table sv_table_ways = {
	.name = "ways",
	.row_member = "ways",
	.row_columns = way_columns,
	.row_count = sv_array_size(way_columns),
	.next_row = next_way,
	.wanted = made,
	.also = &sv_table_access,
};

/* ---- what stands between --------------------------------------------------------------------- */

static bool next_access(safevma_cursor *c)
{
	return !c->next_index++;
}

#define ACCESS(name, expr)                                                                         \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_sharing *s = &c->obs->share;                                       \
		return expr;                                                                       \
	}

enum { SCOPES = 4 };

/* Documentation/admin-guide/LSM/Yama.rst; without Yama the classic rule holds, which is scope 0. */
static struct safevma_value get_rule(safevma_cursor *c)
{
	static const char *const rules[SCOPES] = {
		"processes of the same user, and holders of CAP_SYS_PTRACE",
		"its ancestors, whom it names itself (PR_SET_PTRACER), and holders of "
		"CAP_SYS_PTRACE",
		"holders of CAP_SYS_PTRACE",
		"nobody",
	};
	const struct sv_sharing *s = &c->obs->share;
	struct sv_num scope = s->yama ? s->ptrace_scope : sv_known(0);

	if (!s->yama_known || !scope.known || scope.value >= SCOPES)
		return sv_value_unknown();
	return sv_value_text(rules[scope.value]);
}

static bool guest(const safevma_cursor *c)
{
	const struct sv_host *h = &c->obs->host;

	return !h->hypervisor_known || strcmp(h->hypervisor, "none") != 0;
}

/* Frames of a guest are no frames of the machine: what its devices reach the host decides. */
static struct safevma_value get_dma(safevma_cursor *c)
{
	const struct sv_sharing *s = &c->obs->share;

	if (guest(c) || !s->iommu_groups.known)
		return sv_value_unknown();
	if (!s->iommu_groups.value)
		return sv_value_text("every frame: no IOMMU stands before devices");
	if (!s->identity_groups.known)
		return sv_value_unknown();
	return s->identity_groups.value
		       ? sv_value_text("every frame, of devices that the IOMMU lets pass; of the "
				       "others, what their drivers map")
		       : sv_value_text("what drivers map: an IOMMU stands before devices");
}

static struct safevma_value get_dma_basis(safevma_cursor *c)
{
	struct safevma_value v = get_dma(c);

	if (v.type == SAFEVMA_TYPE_UNKNOWN)
		return v;
	return sv_value_text(c->obs->share.iommu_groups.value ? "inferred" : "assumed");
}

static struct safevma_value get_hypervisor(safevma_cursor *c)
{
	const struct sv_host *h = &c->obs->host;

	return h->hypervisor_known ? sv_value_text(h->hypervisor) : sv_value_unknown();
}

ACCESS(yama, s->yama_known ? sv_value_bool(s->yama) : sv_value_unknown())
ACCESS(scope, sv_value_num(SAFEVMA_TYPE_U64, s->ptrace_scope))
ACCESS(groups, sv_value_num(SAFEVMA_TYPE_U64, s->iommu_groups))
ACCESS(identity, sv_value_num(SAFEVMA_TYPE_U64, s->identity_groups))
ACCESS(processes, sv_value_u64(SAFEVMA_TYPE_U64, s->processes))
ACCESS(processes_read, sv_value_u64(SAFEVMA_TYPE_U64, s->read))
ACCESS(listed, sv_value_bool(s->listed))
ACCESS(fds_whole, sv_value_bool(s->descriptors_whole))

static const struct sv_column access_columns[] = {
	SV_COL("YAMA", "yama", "the kernel limits who may trace (Yama)", BOOL, true, get_yama),
	SV_COL("PTRACE-SCOPE", "ptrace_scope", "kernel.yama.ptrace_scope, 0 to 3", U64, true,
		get_scope),
	SV_COL("MAY-TRACE", "may_trace", "who may trace a process, and so write its memory", STRING,
		true, get_rule),
	SV_COL("IOMMU-GROUPS", "iommu_groups", "groups of devices behind an IOMMU", U64, true,
		get_groups),
	SV_COL("IDENTITY", "identity_groups", "of these, such that it lets pass", U64, true,
		get_identity),
	SV_COL("HYPERVISOR", "hypervisor", "below a hypervisor its host decides about devices",
		STRING, true, get_hypervisor),
	SV_COL("DMA", "dma_reaches", "which memory devices can write", STRING, true, get_dma),
	SV_COL("DMA-BASIS", "dma_basis", "inferred from the groups; assumed where there are none",
		STRING, true, get_dma_basis),
	SV_COL("PROCESSES", "processes", "processes with memory, the selected included", U64, true,
		get_processes),
	SV_COL("READ", "processes_read", "of these, looked into", U64, true, get_processes_read),
	SV_COL("LISTED", "all_listed", "no process of the machine is hidden from the list", BOOL,
		true, get_listed),
	SV_COL("FDS-READ", "descriptors_read", "the descriptors of all of them were looked at",
		BOOL, true, get_fds_whole),
};

const struct safevma_table sv_table_access = {
	.name = "access",
	.row_member = "access",
	.row_columns = access_columns,
	.row_count = sv_array_size(access_columns),
	.next_row = next_access,
	.wanted = made,
	.upright = true,
	.none = "nothing is known of who may get at memory",
};
