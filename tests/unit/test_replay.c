// SPDX-License-Identifier: LGPL-2.1-or-later
/* Damaged recordings too: an error, and never data. */
#include "recording.h"

/* What nobody asked then has no answer now; it is never empty and never zero. */
static void not_recorded(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_place place = { .iface = SV_IFACE_PAGEMAP, .pid = 42, .tag = "1" };
	struct sv_call c = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC, .tag = "9" } };
	safevma_root *root = replay_of("rec", false);
	static const uint64_t holes[] = { 24, 32, 56, 88, 256, WORDS * 8 - 16, WORDS * 8 + 8, 4088,
		4104, UINT64_MAX - 7 };
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL, *none = NULL;
	uint64_t word = 7;
	size_t got = 99;

	(void)state;
	assert_int_equal(sv_root_open(root, &place, &f, NULL), 0);
	for (size_t i = 0; i < sv_array_size(holes); i++) {
		memset(&err, 0, sizeof(err));
		assert_code(sv_file_read(f, &word, 8, holes[i], &got, &err), &err,
			SAFEVMA_E_NOT_RECORDED);
		assert_string_equal(err.path, "/proc/42/pagemap");
	}
	assert_int_equal(word, 7);
	assert_int_equal(got, 99);
	c = (struct sv_call) { .op = SV_OP_SCAN, .file = f, .start = 4096, .end = 8192 };
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_NOT_RECORDED);
	sv_file_close(f);
	c = (struct sv_call) { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC, .tag = "9" } };
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_NOT_RECORDED);
	assert_int_equal(b.len, 0);
	place.tag = "3";
	assert_code(sv_root_open(root, &place, &none, &err), &err, SAFEVMA_E_NOT_RECORDED);
	place.pid = 43;
	assert_code(sv_root_open(root, &place, &none, &err), &err, SAFEVMA_E_NOT_RECORDED);
	place = (struct sv_place) { .iface = SV_IFACE_SWAPS };
	assert_code(sv_root_open(root, &place, &none, &err), &err, SAFEVMA_E_NOT_RECORDED);
	assert_null(none);
	close_root(root);
}

/* Each entry is one answer; those of one key come in their order. */
static void an_entry_answers_once(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_call c = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC } };
	struct sv_place place = { .iface = SV_IFACE_SMAPS, .pid = 42, .tag = "1" };
	safevma_root *root = replay_of("rec", false);
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL;

	(void)state;
	assert_int_equal(sv_root_call(root, &c, &b, NULL), 0);
	b.len = 0;
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_NOT_RECORDED);
	assert_int_equal(b.len, 0);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_SYSTEM);
	assert_int_equal(err.errnum, EACCES);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_NOT_RECORDED);
	place.iface = SV_IFACE_MAPS;
	assert_int_equal(sv_root_open(root, &place, &f, NULL), 0);
	sv_file_close(f);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_NOT_RECORDED);
	close_root(root);
}

static void bad_places_reach_no_root(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_place place = { .iface = SV_IFACE_BOOT_CONFIG, .arg = "../x" };
	struct sv_call c = { .op = SV_OP_MAGIC, .place = place };
	safevma_root *root = replay_of("rec", false);
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL;

	(void)state;
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_USAGE);
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_USAGE);
	close_root(root);
}

static void a_path_of_any_length(void **state)
{
	sv_auto_strbuf struct sv_strbuf live = record("rec", false), again = { 0 };
	struct safevma_error err = { 0 };
	char name[400];
	safevma_root *root;
	size_t n = 0;

	(void)state;
	/* "./" over and over: the same directory, by a name of more than 300 bytes. */
	while (n < 300)
		n += (size_t)snprintf(name + n, sizeof(name) - n, "./");
	snprintf(name + n, sizeof(name) - n, "rec");
	root = open_replay(name, &err);
	assert_non_null(root);
	session(root, &again);
	assert_string_equal(again.ptr, live.ptr);
	close_root(root);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void remove_member(void)
{
	assert_int_equal(unlink(scratch_path("rec/proc/42/maps@1")), 0);
}

static void empty_member(void)
{
	scratch_write("rec/proc/42/maps@1", "", 0);
}

static void shorter_member(void)
{
	scratch_write("rec/proc/42/maps@1", texts[0].text, strlen(texts[0].text) - 1);
}

static void longer_member(void)
{
	char text[200];

	scratch_write("rec/proc/42/maps@1", text,
		(size_t)snprintf(text, sizeof(text), "%s ", texts[0].text));
}

static void directory_for_member(void)
{
	remove_member();
	assert_int_equal(mkdir(scratch_path("rec/proc/42/maps@1"), 0700), 0);
}

static void fifo_for_member(void)
{
	remove_member();
	assert_int_equal(mkfifo(scratch_path("rec/proc/42/maps@1"), 0600), 0);
}

/* Of the right length, but elsewhere. */
static void link_for_member(void)
{
	assert_int_equal(rename(scratch_path("rec/proc/42/maps@1"), scratch_path("outside")), 0);
	assert_int_equal(symlink("../../../outside", scratch_path("rec/proc/42/maps@1")), 0);
}

static void link_for_directory(void)
{
	assert_int_equal(rename(scratch_path("rec/proc/42"), scratch_path("outside")), 0);
	assert_int_equal(symlink("../../outside", scratch_path("rec/proc/42")), 0);
}

static void link_for_top_directory(void)
{
	assert_int_equal(rename(scratch_path("rec/proc"), scratch_path("outside")), 0);
	assert_int_equal(symlink(scratch_path("outside"), scratch_path("rec/proc")), 0);
}

static void file_for_directory(void)
{
	assert_int_equal(rename(scratch_path("rec/proc"), scratch_path("outside")), 0);
	scratch_write("rec/proc", "x", 1);
}

static void damaged_members(void **state)
{
	static void (*const damage[])(void) = { remove_member, empty_member, shorter_member,
		longer_member, directory_for_member, fifo_for_member, link_for_member,
		link_for_directory, link_for_top_directory, file_for_directory };

	for (size_t i = 0; i < sv_array_size(damage); i++) {
		struct sv_place place = { .iface = SV_IFACE_MAPS, .pid = 42, .tag = "1" };
		sv_auto_strbuf struct sv_strbuf b = { 0 };
		struct safevma_error err = { 0 };
		safevma_root *root;

		if (i)
			assert_int_equal(scratch_setup(state), 0);
		make("rec", false);
		damage[i]();
		root = open_replay("rec", NULL);
		assert_code(sv_root_read_all(root, &place, &b, &err), &err, SAFEVMA_E_RECORDING);
		assert_int_equal(b.len, 0);
		assert_non_null(strstr(err.path, "rec/proc/42/maps@1"));
		close_root(root);
		if (i + 1 < sv_array_size(damage))
			assert_int_equal(scratch_teardown(state), 0);
	}
}

/* Empty as recorded, and yet no file. */
static void fifo_for_an_empty_member(void **state)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO };
	safevma_root *root = replay_of("rec", false);
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL;

	(void)state;
	assert_int_equal(unlink(scratch_path("rec/proc/meminfo")), 0);
	assert_int_equal(mkfifo(scratch_path("rec/proc/meminfo"), 0600), 0);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_RECORDING);
	assert_null(f);
	close_root(root);
}

static void damaged_answer_of_a_call(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_call c = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC } };
	safevma_root *root = replay_of("rec", false);
	struct safevma_error err = { 0 };

	(void)state;
	scratch_write("rec/proc@list", "1\n", 2);
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_RECORDING);
	assert_int_equal(b.len, 0);
	close_root(root);
}

static void assert_no_recording(const char *dir)
{
	struct safevma_error err = { 0 };

	assert_null(open_replay(dir, &err));
	assert_int_equal(err.code, SAFEVMA_E_RECORDING);
	assert_true(err.message[0]);
}

static void journal_cut_off(void **state)
{
	char text[16384];
	size_t len;

	(void)state;
	make("rec", false);
	len = scratch_read("rec/recording.json", text, sizeof(text));
	assert_true(len > 2000);
	for (size_t cut = 0; cut + 1 < len; cut += 37) {
		scratch_write("rec/recording.json", text, cut);
		assert_no_recording("rec");
	}
	for (size_t cut = len - 60; cut + 1 < len; cut++) {
		scratch_write("rec/recording.json", text, cut);
		assert_no_recording("rec");
	}
	scratch_write("rec/recording.json", text, len);
	close_root(open_replay("rec", NULL));
}

static void no_journal(void **state)
{
	(void)state;
	make("rec", false);
	assert_no_recording("nosuch");
	assert_int_equal(unlink(scratch_path("rec/recording.json")), 0);
	assert_no_recording("rec");
	assert_int_equal(mkdir(scratch_path("rec/recording.json"), 0700), 0);
	assert_no_recording("rec");
	assert_int_equal(rmdir(scratch_path("rec/recording.json")), 0);
	assert_int_equal(symlink("/dev/null", scratch_path("rec/recording.json")), 0);
	assert_no_recording("rec");
	scratch_write("file", "x", 1);
	assert_no_recording("file");
}

static const char head[] = "{\"schema\":\"safevma.recording/1\",\"ops\":[\n";
static const char tail[] = "null],\"complete\":true}\n";

static void write_journal(const char *line)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), "%s%s\n%s", head, line, tail);

	scratch_write("rec/recording.json", text, (size_t)n);
}

#define OPEN(rest) "{\"op\":\"open\",\"path\":\"/proc/meminfo\",\"tag\":\"\"," rest "},"

static const char *const bad_lines[] = {
	"",
	"x",
	"{",
	"{},",
	"[],",
	"42,",
	"null,",
	OPEN("\"file\":\"m\",\"extents\":[],\"ends\":[]"),
	OPEN("\"errno\":0"),
	OPEN("\"errno\":-1"),
	OPEN("\"errno\":1.5"),
	OPEN("\"errno\":4096"),
	OPEN("\"errno\":\"13\""),
	OPEN("\"errno\":0,\"file\":7"),
	OPEN("\"errno\":0,\"file\":\"\""),
	OPEN("\"errno\":0,\"file\":\"/etc/passwd\""),
	OPEN("\"errno\":0,\"file\":\"..\""),
	OPEN("\"errno\":0,\"file\":\"../m\""),
	OPEN("\"errno\":0,\"file\":\"a/../../m\""),
	OPEN("\"errno\":0,\"file\":\"a/..\""),
	OPEN("\"errno\":0,\"file\":\"a//../m\""),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[7]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,-1]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,1.5]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,1e30]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[\"0\",1]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[\"\",1]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[\"0x\",1]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[\"0x1g\",1]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[\"0x10000000000000000\",1]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,\"0xffffffffffffffff\"],[0,1]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[],\"ends\":[[\"0x1g\",0]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[],\"ends\":[[0]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[],\"ends\":[[0,5000]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"start\":\"0x0\""),
	"{\"path\":\"/proc/meminfo\",\"tag\":\"\",\"errno\":2},",
	"{\"op\":\"open\",\"tag\":\"\",\"errno\":2},",
	"{\"op\":\"open\",\"path\":\"/proc/meminfo\",\"errno\":2},",
};

static void malformed_lines(void **state)
{
	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	scratch_write("m", "outside", 7);
	for (size_t i = 0; i < sv_array_size(bad_lines); i++) {
		struct safevma_error err = { 0 };

		write_journal(bad_lines[i]);
		assert_null(open_replay("rec", &err));
		assert_int_equal(err.code, SAFEVMA_E_RECORDING);
		assert_int_equal(err.line, 2);
	}
	write_journal(OPEN("\"errno\":2"));
	close_root(open_replay("rec", NULL));
}

static void name_too_long(void **state)
{
	char line[600], name[300];

	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	snprintf(line, sizeof(line), OPEN("\"errno\":0,\"file\":\"%s\""), name);
	write_journal(line);
	assert_no_recording("rec");
}

static void other_schemas(void **state)
{
	static const char *const firsts[] = { "", "\n", "{}\n",
		"{\"schema\":\"safevma.recording/2\",\n", "{\"schema\":\"safevma.maps/1\",\n",
		" {\"schema\":\"safevma.recording/1\",\n" };
	char text[200];

	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	for (size_t i = 0; i < sv_array_size(firsts); i++) {
		int n = snprintf(text, sizeof(text), "%s%s", firsts[i], tail);

		scratch_write("rec/recording.json", text, (size_t)n);
		assert_no_recording("rec");
	}
}

static struct sv_file *open_by_hand(safevma_root *root)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO };
	struct sv_file *f = NULL;

	assert_int_equal(sv_root_open(root, &place, &f, NULL), 0);
	return f;
}

/* Extents written by hand: overlapping, out of order, empty; the member holds "abcdefgh". */
static void extents_in_any_order(void **state)
{
	static const struct {
		const char *extents;
		uint64_t off;
		const char *expected; /* NULL: not recorded */
	} readings[] = {
		{ "[[0,8]]", 0, "abcdefgh" },
		{ "[[0,8]]", 7, "h" },
		{ "[[0,8]]", 8, NULL },
		{ "[[8,8]]", 7, NULL },
		{ "[[100,4],[0,4]]", 0, "efgh" },
		{ "[[100,4],[0,4]]", 103, "d" },
		{ "[[0,4],[4,0],[4,4]]", 4, "efgh" },
		{ "[[0,2],[10,2],[20,2],[30,2]]", 31, "h" },
		{ "[[0,2],[10,2],[20,2],[30,2]]", 12, NULL },
		{ "[[0,4],[2,4]]", 2, "cd" },
		{ "[[0,4],[2,4]]", 5, "h" },
		{ "[[9007199254740984,8]]", UINT64_C(9007199254740984), "abcdefgh" },
		{ "[[9007199254740984,8]]", UINT64_MAX, NULL },
		/* Offsets of kcore are addresses: beyond what numbers of JSON hold, as text. */
		{ "[[\"0x37f662c0005000\",8]]", UINT64_C(0x37f662c0005000), "abcdefgh" },
		{ "[[\"0x37f662c0005000\",8]]", UINT64_C(0x37f662c0004fff), NULL },
		{ "[[\"0xfffffffffffffff7\",8]]", UINT64_MAX - 1, "h" },
		{ "[[\"0x0\",\"0x8\"]]", 4, "efgh" },
	};
	char line[200], buf[16];

	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	scratch_write("rec/m", "abcdefgh", 8);
	for (size_t i = 0; i < sv_array_size(readings); i++) {
		struct safevma_error err = { 0 };
		safevma_root *root;
		struct sv_file *f;
		size_t got = 0;

		snprintf(line, sizeof(line), OPEN("\"errno\":0,\"file\":\"m\",\"extents\":%s"),
			readings[i].extents);
		write_journal(line);
		root = open_replay("rec", NULL);
		f = open_by_hand(root);
		if (readings[i].expected) {
			assert_int_equal(
				sv_file_read(f, buf, sizeof(buf), readings[i].off, &got, NULL), 0);
			assert_int_equal(got, strlen(readings[i].expected));
			assert_memory_equal(buf, readings[i].expected, got);
		} else {
			assert_code(sv_file_read(f, buf, sizeof(buf), readings[i].off, &got, &err),
				&err, SAFEVMA_E_NOT_RECORDED);
		}
		sv_file_close(f);
		close_root(root);
	}
}

static void extents_beyond_the_member(void **state)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO };
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL;
	safevma_root *root;

	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	scratch_write("rec/m", "abcdefgh", 8);
	write_journal(OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,8],[8,1]]"));
	root = open_replay("rec", NULL);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_RECORDING);
	close_root(root);
	write_journal(OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,9007199254740992],[0,8]]"));
	root = open_replay("rec", NULL);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_RECORDING);
	close_root(root);
	assert_null(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(not_recorded),
		scratch_test(an_entry_answers_once),
		scratch_test(bad_places_reach_no_root),
		scratch_test(a_path_of_any_length),
		scratch_test(damaged_members),
		scratch_test(fifo_for_an_empty_member),
		scratch_test(damaged_answer_of_a_call),
		scratch_test(journal_cut_off),
		scratch_test(no_journal),
		scratch_test(malformed_lines),
		scratch_test(name_too_long),
		scratch_test(other_schemas),
		scratch_test(extents_in_any_order),
		scratch_test(extents_beyond_the_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
