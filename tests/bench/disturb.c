// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How much observers disturb a process: it maps, touches and unmaps memory all the time and takes
 * the time of each mmap(), first touch and munmap() itself, beside one observer after the other.
 *
 *   disturb [OPTION N]... -- NAME [COMMAND WORD...] [-- NAME ...]...
 *     --mib N      resident memory of the victim (512)     --vmas N    its mappings (2000)
 *     --blocks N   of each condition (20)                  --ms N      length of a block (1000)
 *     --victim N, --reader N    CPUs they are kept to (-1: any)
 *
 * Each condition is a name and a command that runs again and again, "@" in it being the victim's
 * number; "smaps" alone is a reader of that file, and a name without a command is nobody. Blocks of
 * all conditions follow each other in turns, the first one changing. An observer is stopped between
 * its blocks and not ended: it goes on where it was, so that the blocks see all parts of a long
 * run. Stopping waits until it is out of the kernel, hence no lock stays held.
 *
 * Prints a line of JSON a block, times in nanoseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONDITIONS  8
#define PIECE_PAGES 8
#define SUB_BITS    5 /* a bucket is at most 1/32 of its value wide */
#define BUCKETS	    ((64 - SUB_BITS) << SUB_BITS)
#define SETTLE_US   20000

struct histogram {
	uint64_t n, max;
	uint32_t counts[BUCKETS];
};

/* Of the rest of the time the victim slept: it waited for a lock. */
struct block {
	struct histogram mmap, fault, munmap;
	uint64_t wall_ns, cpu_ns;
	uint64_t delay_ns; /* it could have run and had no CPU */
};

struct condition {
	char *name, **argv;
	pid_t group; /* 0: nobody */
};

static struct settings {
	long mib, vmas, blocks, ms, victim, reader;
} set = { 512, 2000, 20, 1000, -1, -1 };

static volatile uint64_t *runs; /* shared: of each condition */
static struct block *last;	/* shared: what the last block saw */
static size_t page_size;

static void die(const char *what)
{
	fprintf(stderr, "disturb: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void keep_to(long cpu)
{
	cpu_set_t one;

	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	sched_setaffinity(0, sizeof(one), &one); /* one CPU fewer than thought: any will do */
}

/* ---- histograms ------------------------------------------------------------------------------ */

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int top = ns >> SUB_BITS ? 63 - (unsigned int)__builtin_clzll(ns) - SUB_BITS : 0;

	return ns >> SUB_BITS
		       ? ((top + 1) << SUB_BITS) + (unsigned int)(ns >> top) - (1u << SUB_BITS)
		       : (unsigned int)ns;
}

/* The least value of a bucket. */
static uint64_t bucket_ns(unsigned int bucket)
{
	unsigned int top = bucket >> SUB_BITS;
	uint64_t low = bucket & ((1u << SUB_BITS) - 1);

	return top ? (low | (1u << SUB_BITS)) << (top - 1) : low;
}

static void take(struct histogram *h, uint64_t ns)
{
	h->n++;
	h->counts[bucket_of(ns)]++;
	if (ns > h->max)
		h->max = ns;
}

/* The value that parts of a thousand lie at or below. */
static uint64_t quantile(const struct histogram *h, uint64_t permille)
{
	uint64_t rank = (h->n * permille + 999) / 1000, seen = 0;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		seen += h->counts[i];
		if (h->counts[i] && seen >= rank)
			return bucket_ns(i);
	}
	return 0;
}

/* ---- the victim ------------------------------------------------------------------------------ */

static char *map(size_t pages)
{
	char *p = mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* All its memory, and in one stretch of it mappings that cannot merge. */
static void settle_down(void)
{
	size_t pages = ((size_t)set.mib << 20) / page_size, each;
	char *p = map(pages);

	madvise(p, pages * page_size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		p[i * page_size] = 1;
	each = set.vmas ? pages / (size_t)set.vmas : 0;
	for (size_t i = 1; each && i < (size_t)set.vmas; i += 2)
		if (mprotect(p + i * each * page_size, each * page_size, PROT_READ))
			die("mprotect");
}

static void once(struct block *b)
{
	uint64_t began = now_ns(), at;
	char *p = map(PIECE_PAGES);

	at = now_ns();
	take(&b->mmap, at - began);
	for (size_t i = 0; i < PIECE_PAGES; i++) {
		began = at;
		*(volatile char *)(p + i * page_size) = 1;
		at = now_ns();
		take(&b->fault, at - began);
	}
	munmap(p, PIECE_PAGES * page_size);
	take(&b->munmap, now_ns() - at);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The second figure of schedstat; 0 where the kernel does not count that. */
static uint64_t delay_ns(void)
{
	int fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);
	char text[96] = "";
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	const char *at = n > 0 ? strchr(text, ' ') : NULL;

	if (fd >= 0)
		close(fd);
	return at ? strtoull(at, NULL, 10) : 0;
}

static void work(struct block *b, uint64_t ms)
{
	uint64_t began = now_ns(), cpu = cpu_ns(), delay = delay_ns(), until;

	until = began + ms * 1000000;
	memset(b, 0, sizeof(*b));
	while (now_ns() < until)
		once(b);
	b->wall_ns = now_ns() - began;
	b->cpu_ns = cpu_ns() - cpu;
	b->delay_ns = delay_ns() - delay;
}

/* A number of milliseconds comes in, and when they are over an answer; what was seen is shared. */
static void be_victim(struct block *b, int in, int out)
{
	uint64_t ms = 100;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	keep_to(set.victim);
	settle_down();
	do {
		work(b, ms);
		if (write(out, &ms, sizeof(ms)) != sizeof(ms))
			break;
	} while (read(in, &ms, sizeof(ms)) == sizeof(ms));
	exit(0);
}

/* ---- observers ------------------------------------------------------------------------------- */

static void read_smaps(pid_t victim)
{
	static char buf[1 << 17]; /* as cat does */
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/smaps", victim);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static void become(char **argv)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execv(argv[0], argv);
	_exit(127);
}

static void run_command(char **argv)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		become(argv);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die(argv[0]);
	if (WIFEXITED(status) && (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 64)) {
		fprintf(stderr, "disturb: %s cannot be run\n", argv[0]);
		exit(1);
	}
}

static void observe(const struct condition *c, pid_t victim, volatile uint64_t *count)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	keep_to(set.reader);
	for (;; ++*count) {
		if (c->argv[0])
			run_command(c->argv);
		else
			read_smaps(victim);
	}
}

static void start_observer(struct condition *c, pid_t victim, volatile uint64_t *count)
{
	if (!c->argv[0] && strcmp(c->name, "smaps") != 0)
		return;
	c->group = fork();
	if (!c->group)
		observe(c, victim, count);
	if (c->group < 0)
		die("fork");
	setpgid(c->group, c->group); /* whoever is first */
	kill(-c->group, SIGSTOP);
}

static void name_victim(char **argv, char *number)
{
	for (; *argv; argv++)
		if (!strcmp(*argv, "@"))
			*argv = number;
}

/* ---- together -------------------------------------------------------------------------------- */

/* "buckets": least value and count of each that is not empty. */
static void print_histogram(const char *name, const struct histogram *h)
{
	const char *comma = "";

	printf(",\"%s\":{\"n\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64
	       ",\"p999\":%" PRIu64 ",\"max\":%" PRIu64 ",\"buckets\":[",
		name, h->n, quantile(h, 500), quantile(h, 990), quantile(h, 999), h->max);
	for (unsigned int i = 0; i < BUCKETS; i++)
		if (h->counts[i]) {
			printf("%s[%" PRIu64 ",%" PRIu32 "]", comma, bucket_ns(i), h->counts[i]);
			comma = ",";
		}
	printf("]}");
}

static void one_block(const struct condition *c, size_t which, long number, int to, int from)
{
	uint64_t ms = (uint64_t)set.ms, before = runs[which], done;

	if (c->group && kill(-c->group, SIGCONT))
		die("an observer ended");
	usleep(SETTLE_US);
	if (write(to, &ms, sizeof(ms)) != sizeof(ms) ||
		read(from, &done, sizeof(done)) != sizeof(done))
		die("the victim ended");
	if (c->group && (kill(-c->group, SIGSTOP) || waitpid(c->group, NULL, WNOHANG)))
		die("an observer ended");
	printf("{\"block\":%ld,\"condition\":\"%s\",\"runs\":%" PRIu64 ",\"wall_ns\":%" PRIu64
	       ",\"cpu_ns\":%" PRIu64 ",\"delay_ns\":%" PRIu64,
		number, c->name, runs[which] - before, last->wall_ns, last->cpu_ns, last->delay_ns);
	print_histogram("mmap", &last->mmap);
	print_histogram("fault", &last->fault);
	print_histogram("munmap", &last->munmap);
	printf("}\n");
	fflush(stdout);
	usleep(SETTLE_US);
}

static void all_blocks(struct condition *c, size_t n, int to, int from)
{
	for (long i = 0; i < set.blocks; i++)
		for (size_t k = 0; k < n; k++) {
			size_t which = (k + (size_t)i) % n;

			one_block(&c[which], which, i, to, from);
		}
}

/* An observer may be in the middle of a reading: it is gone when its parent here can be asked. */
static void end_all(const struct condition *c, size_t n, pid_t victim)
{
	for (size_t k = 0; k < n; k++)
		if (c[k].group && !kill(-c[k].group, SIGKILL))
			waitpid(c[k].group, NULL, 0);
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
}

static void run_all(struct condition *c, size_t n)
{
	int to[2], from[2];
	char number[16];
	uint64_t done;
	pid_t victim;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		die("pipe");
	victim = fork();
	if (!victim)
		be_victim(last, to[0], from[1]);
	close(from[1]);
	close(to[0]);
	if (victim < 0 || read(from[0], &done, sizeof(done)) != sizeof(done))
		die("the victim");
	snprintf(number, sizeof(number), "%d", victim);
	for (size_t i = 0; i < n; i++) {
		name_victim(c[i].argv, number);
		start_observer(&c[i], victim, &runs[i]);
	}
	all_blocks(c, n, to[1], from[0]);
	end_all(c, n, victim);
}

static const struct {
	const char *name;
	long *value;
} options[] = {
	{ "--mib", &set.mib },
	{ "--vmas", &set.vmas },
	{ "--blocks", &set.blocks },
	{ "--ms", &set.ms },
	{ "--victim", &set.victim },
	{ "--reader", &set.reader },
};

static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static bool take_option(const char *name, const char *value)
{
	for (size_t i = 0; value && i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i].name, name)) {
			*options[i].value = atol(value);
			return true;
		}
	return false;
}

/* argv at a "--"; words of a condition end at the next one. */
static size_t take_conditions(char **argv, struct condition *ret)
{
	size_t n = 0;

	while (argv[0] && argv[1] && n < CONDITIONS) {
		argv[0] = NULL; /* ends the words before */
		ret[n++] = (struct condition) { .name = argv[1], .argv = argv + 2 };
		for (argv += 2; *argv && strcmp(*argv, "--") != 0; argv++)
			;
	}
	return n;
}

int main(int argc, char **argv)
{
	struct condition conditions[CONDITIONS];
	size_t n;
	int i = 1;

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	signal(SIGPIPE, SIG_IGN);
	while (i < argc && strcmp(argv[i], "--") != 0 && take_option(argv[i], argv[i + 1]))
		i += 2;
	if (i >= argc || strcmp(argv[i], "--") != 0)
		return fprintf(stderr, "usage: disturb [OPTION N]... -- NAME [COMMAND...] ...\n"),
		       64;
	runs = shared(CONDITIONS * sizeof(*runs));
	last = shared(sizeof(*last));
	n = take_conditions(argv + i, conditions);
	run_all(conditions, n);
	return 0;
}
