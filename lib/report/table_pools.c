// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pools and who holds them; and per process, bytes by reach. */
#include "table.h"

/* ---- pools ----------------------------------------------------------------------------------- */

static bool next_pool(safevma_cursor *c)
{
	c->item = c->next_index++;
	return c->item < SV_POOL_COUNT;
}

static enum sv_pool pool(const safevma_cursor *c)
{
	return (enum sv_pool)c->item;
}

static struct safevma_value get_pool(safevma_cursor *c)
{
	return sv_value_text(sv_pool_info(pool(c))->name);
}

struct amount {
	struct sv_num bytes;
	enum sv_basis basis;
};

static struct amount inferred(struct sv_num bytes)
{
	return (struct amount) { bytes, bytes.known ? SV_BASIS_INFERRED : SV_BASIS_NONE };
}

/* What the page tables lack is observed; what lies outside of them follows from zones and lists. */
static struct amount amount(const safevma_cursor *c)
{
	const safevma_observation *obs = c->obs;
	struct sv_num frames = obs->highmem_frames;

	if (pool(c) == SV_POOL_HIGHMEM && !frames.known)
		return inferred((struct sv_num) { .known = obs->zones_known });
	if (pool(c) == SV_POOL_HIGHMEM)
		return inferred(sv_known(frames.value * obs->host.page_size));
	if (pool(c) == SV_POOL_NOMAP)
		return inferred(obs->system.reserved_bytes);
	if (obs->kernel.pools_known)
		return (struct amount) { sv_known(obs->kernel.pool_frames[pool(c)] *
						  obs->host.page_size),
			SV_BASIS_OBSERVED };
	return (struct amount) { 0 };
}

static struct safevma_value get_bytes(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, amount(c).bytes);
}

static struct safevma_value get_basis(safevma_cursor *c)
{
	return amount(c).basis == SV_BASIS_NONE ? sv_value_unknown()
						: sv_value_text(sv_basis_name(amount(c).basis));
}

static struct safevma_value get_holders(safevma_cursor *c)
{
	const safevma_observation *obs = c->obs;
	uint64_t n = 0;
	pid_t last = 0;

	if (pool(c) != SV_POOL_SECRETMEM || !obs->holders_known)
		return sv_value_unknown();
	for (size_t i = 0; i < obs->holders.len; i++)
		if (obs->holders.ptr[i].secret == SV_SECRET_YES &&
			obs->holders.ptr[i].pid != last) {
			last = obs->holders.ptr[i].pid;
			n++;
		}
	return sv_value_u64(SAFEVMA_TYPE_U64, n);
}

static struct safevma_value get_protects(safevma_cursor *c)
{
	return sv_value_text(sv_pool_info(pool(c))->protects);
}

static struct safevma_value get_leaves(safevma_cursor *c)
{
	return sv_value_text(sv_pool_info(pool(c))->leaves);
}

static const struct sv_column pool_columns[] = {
	SV_COL("POOL", "pool", "mechanism that keeps frames out of the linear map", STRING, true,
		get_pool),
	SV_COL("BYTES", "bytes", "frames in it now", BYTES, true, get_bytes),
	SV_COL("BASIS", "basis", "how that is known", STRING, true, get_basis),
	SV_COL("HOLDERS", "holders", "processes that hold secretmem (--pools)", U64, true,
		get_holders),
	SV_COL("PROTECTS", "protects", "against what", STRING, true, get_protects),
	SV_COL("LEAVES", "leaves", "what can still reach it", STRING, true, get_leaves),
};

static bool pools_wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_KERNEL;
}

const struct safevma_table sv_table_pools = {
	.name = "pools",
	.row_member = "pools",
	.row_columns = pool_columns,
	.row_count = sv_array_size(pool_columns),
	.next_row = next_pool,
	.wanted = pools_wanted,
	.also = &sv_table_holders,
	.none = "no pools are known",
};

/* ---- holders --------------------------------------------------------------------------------- */

static bool next_holder(safevma_cursor *c)
{
	c->item = c->next_index++;
	return c->item < c->obs->holders.len;
}

static const struct sv_holder *holder(const safevma_cursor *c)
{
	return &c->obs->holders.ptr[c->item];
}

static struct safevma_value get_holder_pid(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, (uint64_t)holder(c)->pid);
}

static struct safevma_value get_holder_comm(safevma_cursor *c)
{
	return sv_value_text(holder(c)->comm);
}

static struct safevma_value get_by(safevma_cursor *c)
{
	return sv_value_text(holder(c)->mapping ? "mapping" : "descriptor");
}

static struct safevma_value get_holder_start(safevma_cursor *c)
{
	return holder(c)->mapping ? sv_value_u64(SAFEVMA_TYPE_HEX, holder(c)->start)
				  : sv_value_unknown();
}

static struct safevma_value get_holder_size(safevma_cursor *c)
{
	return holder(c)->mapping
		       ? sv_value_u64(SAFEVMA_TYPE_BYTES, holder(c)->end - holder(c)->start)
		       : sv_value_unknown();
}

static struct safevma_value get_fd(safevma_cursor *c)
{
	return holder(c)->mapping ? sv_value_unknown()
				  : sv_value_u64(SAFEVMA_TYPE_U64, holder(c)->number);
}

static struct safevma_value get_cloexec(safevma_cursor *c)
{
	return holder(c)->mapping ? sv_value_unknown() : sv_value_bool_num(holder(c)->cloexec);
}

static struct safevma_value get_genuine(safevma_cursor *c)
{
	if (holder(c)->secret == SV_SECRET_UNKNOWN)
		return sv_value_unknown();
	return sv_value_bool(holder(c)->secret == SV_SECRET_YES);
}

static const struct sv_column holder_columns[] = {
	SV_COL("PID", "pid", "process number", U64, true, get_holder_pid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, get_holder_comm),
	SV_COL("BY", "by", "mapping, or descriptor: it can be mapped or passed on", STRING, true,
		get_by),
	SV_COL("START", "start", "first address of the mapping", HEX, true, get_holder_start),
	SV_COL("SIZE", "size_bytes", "of the mapping, touched or not", BYTES, true,
		get_holder_size),
	SV_COL("FD", "fd", "number of the descriptor", U64, true, get_fd),
	SV_COL("CLOEXEC", "cloexec", "exec closes it", BOOL, true, get_cloexec),
	SV_COL("GENUINE", "genuine", "secretmem by its filesystem; no: only its name says so", BOOL,
		true, get_genuine),
};

static bool holders_wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_POOLS;
}

const struct safevma_table sv_table_holders = {
	.name = "holders",
	.row_member = "holders",
	.row_columns = holder_columns,
	.row_count = sv_array_size(holder_columns),
	.next_row = next_holder,
	.wanted = holders_wanted,
	.also = &sv_table_extents,
	.none = "no holder of secretmem was found",
};
