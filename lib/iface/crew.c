// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crew.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct part {
	char *buf;
	size_t len;
	off_t off;
	ssize_t got;
	int errnum;
};

struct member {
	struct sv_crew *crew;
	pthread_t thread;
	struct part part;
	bool busy; /* under the crew's lock: has a part to read */
};

struct sv_crew {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool over;
	int fd;
	size_t wanted, started; /* members beside the caller */
	struct member members[];
};

ssize_t sv_read_at(int fd, void *buf, size_t len, off_t off)
{
	ssize_t n;

	do
		n = pread(fd, buf, len, off);
	while (n < 0 && errno == EINTR);
	return n;
}

static void read_part(int fd, struct part *p)
{
	p->got = sv_read_at(fd, p->buf, p->len, p->off);
	p->errnum = p->got < 0 ? errno : 0;
}

static void *serve(void *arg)
{
	struct member *m = arg;
	struct sv_crew *c = m->crew;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		int fd;

		while (!m->busy && !c->over)
			pthread_cond_wait(&c->work, &c->lock);
		if (c->over)
			break;
		fd = c->fd;
		pthread_mutex_unlock(&c->lock);
		read_part(fd, &m->part);
		pthread_mutex_lock(&c->lock);
		m->busy = false;
		pthread_cond_signal(&c->done);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct sv_crew *sv_crew_new(unsigned int threads)
{
	size_t others = threads > SV_CREW_MOST ? SV_CREW_MOST - 1 : threads ? threads - 1 : 0;
	struct sv_crew *c = calloc(1, sizeof(*c) + others * sizeof(c->members[0]));

	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->done, NULL);
	c->wanted = others;
	return c;
}

void sv_crew_free(struct sv_crew *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->over = true;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < c->started; i++)
		pthread_join(c->members[i].thread, NULL);
	pthread_cond_destroy(&c->done);
	pthread_cond_destroy(&c->work);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Signals are for the caller's thread. */
static void start(struct sv_crew *c)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (c->started < c->wanted) {
		struct member *m = &c->members[c->started];

		m->crew = c;
		if (pthread_create(&m->thread, NULL, serve, m))
			c->wanted = c->started; /* with those that there are */
		else
			c->started++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* The first n members get len bytes each. */
static void hand_out(struct sv_crew *c, int fd, size_t n, char *buf, size_t len, off_t off)
{
	pthread_mutex_lock(&c->lock);
	c->fd = fd;
	for (size_t i = 0; i < n; i++) {
		c->members[i].part = (struct part) {
			.buf = buf + i * len, .len = len, .off = off + (off_t)(i * len)
		};
		c->members[i].busy = true;
	}
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
}

static void wait_for(struct sv_crew *c, size_t n)
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < n; i++)
		while (c->members[i].busy)
			pthread_cond_wait(&c->done, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

/* What lies without a hole behind off; an error counts where nothing does. */
static ssize_t gather(const struct sv_crew *c, size_t n, const struct part *last)
{
	ssize_t sum = 0;

	for (size_t i = 0; i <= n; i++) {
		const struct part *p = i < n ? &c->members[i].part : last;

		if (p->got < 0) {
			errno = p->errnum;
			return sum ? sum : -1;
		}
		sum += p->got;
		if ((size_t)p->got < p->len)
			break;
	}
	return sum;
}

ssize_t sv_crew_read(struct sv_crew *c, int fd, void *buf, size_t len, off_t off)
{
	size_t parts = len / SV_CREW_PART, each;
	struct part last;

	if (parts > 1 && c->started < c->wanted)
		start(c);
	parts = parts > c->started + 1 ? c->started + 1 : parts;
	if (parts < 2)
		return sv_read_at(fd, buf, len, off);
	each = len / parts / SV_CREW_PART * SV_CREW_PART;
	hand_out(c, fd, parts - 1, buf, each, off);
	last.buf = (char *)buf + (parts - 1) * each;
	last.len = len - (parts - 1) * each;
	last.off = off + (off_t)((parts - 1) * each);
	read_part(fd, &last);
	wait_for(c, parts - 1);
	return gather(c, parts - 1, &last);
}
