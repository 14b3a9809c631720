/*
 * Counts job tokens. How many are where is known only as far as workers are concerned; the rest is
 * in the FIFO, or with processes that nobody knows. Of three things one can be sure, though: that
 * what is free and what workers have is never more than there are, that all are free when nobody is
 * left, and that what is taken from the FIFO is out of it.
 */
#include "daemon/supervisor/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"

/* What make puts there, and takes whatever it is. */
#define TOKEN '+'

/* More than any pipe holds; whoever fills it without end does not keep us here. */
#define DRAIN_MAX (1u << 20)

void tokens_init(struct tokens *tokens)
{
	*tokens = (struct tokens){.fd = -1};
}

static void close_fifo(struct tokens *tokens)
{
	if (tokens->fd == -1)
		return;
	unlink(tokens->path);
	close(tokens->fd);
	tokens->fd = -1;
	tokens->n = 0;
	tokens->is_reserved = tokens->is_suspended = false;
}

void tokens_close(struct tokens *tokens)
{
	close_fifo(tokens);
	free(tokens->path);
	tokens_init(tokens);
}

/* Puts count of them into the FIFO. */
static void put(struct tokens *tokens, uint32_t count)
{
	char bytes[256];

	memset(bytes, TOKEN, sizeof(bytes));
	while (count > 0) {
		size_t size = count < sizeof(bytes) ? count : sizeof(bytes);
		ssize_t n = write(tokens->fd, bytes, size);

		if (n <= 0) {
			/* There is room for all, unless somebody else has put things there. */
			log_warning("job tokens lost count=%u error=%s", count, strerror(errno));
			return;
		}
		count -= (uint32_t)n;
	}
}

/* Takes up to count of those that are free; answers how many. */
static uint32_t get(struct tokens *tokens, uint32_t count)
{
	char bytes[256];
	uint32_t taken = 0;

	while (taken < count) {
		size_t size = count - taken < sizeof(bytes) ? count - taken : sizeof(bytes);
		ssize_t n = read(tokens->fd, bytes, size);

		if (n <= 0)
			break;
		taken += (uint32_t)n;
	}
	return taken;
}

/* A FIFO of one's own: whatever was there belongs to a daemon that is no more. */
static int open_fifo(const char *path)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return -1;
	if (mkfifo(path, 0600) != 0)
		return -1;
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

/* By how many there are more than there are to be. */
static uint32_t count_surplus(const struct tokens *tokens)
{
	return tokens->limit > 0 && tokens->n > tokens->limit ? tokens->n - tokens->limit : 0;
}

static uint32_t count_free(const struct tokens *tokens)
{
	int n_free = 0;

	return ioctl(tokens->fd, FIONREAD, &n_free) == 0 && n_free > 0 ? (uint32_t)n_free : 0;
}

/* How many can be free at most: all but those that are known to be elsewhere. */
static uint32_t count_most(const struct tokens *tokens)
{
	uint32_t n_out = tokens->n_held + tokens->is_reserved;

	return tokens->n > n_out ? tokens->n - n_out : 0;
}

/*
 * More are free than can be: a process that was left behind gave back what had been made anew.
 * Then some go.
 */
static void trim(struct tokens *tokens)
{
	uint32_t n_free = count_free(tokens), most = count_most(tokens);

	if (n_free > most)
		get(tokens, n_free - most);
}

static void absorb_surplus(struct tokens *tokens)
{
	uint32_t surplus = count_surplus(tokens);

	if (surplus > 0)
		tokens->n -= get(tokens, surplus);
}

static int begin(struct tokens *tokens, const char *path)
{
	char *copy = strdup(path);

	if (copy == NULL)
		return -1;
	free(tokens->path);
	tokens->path = copy;
	tokens->fd = open_fifo(path);
	return tokens->fd == -1 ? -1 : 0;
}

static void fill(struct tokens *tokens)
{
	if (tokens->n < tokens->limit) {
		put(tokens, tokens->limit - tokens->n);
		tokens->n = tokens->limit;
	}
}

void tokens_set(struct tokens *tokens, uint32_t limit, const char *path)
{
	tokens->limit = limit < TOKENS_MAX ? limit : TOKENS_MAX;
	tokens->error = 0;
	if (tokens->limit == 0)
		return;
	if (tokens->fd == -1 && begin(tokens, path) != 0) {
		tokens->error = errno;
		return;
	}
	fill(tokens);
	absorb_surplus(tokens);
}

int tokens_check(const struct tokens *tokens)
{
	struct stat ours, there;

	if (tokens->fd == -1) {
		errno = tokens->error != 0 ? tokens->error : ENOENT;
		return -1;
	}
	if (fstat(tokens->fd, &ours) != 0 || lstat(tokens->path, &there) != 0)
		return -1;
	if (ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		return 0;
	errno = ESTALE;
	return -1;
}

void tokens_mend(struct tokens *tokens)
{
	if (tokens->limit == 0 || tokens->path == NULL || tokens_check(tokens) == 0)
		return;
	close_fifo(tokens);
	tokens->fd = open_fifo(tokens->path);
	tokens->error = tokens->fd == -1 ? errno : 0;
	if (tokens->fd != -1)
		fill(tokens);
}

void tokens_suspend(struct tokens *tokens)
{
	bool is_wanted = tokens->is_wanted || tokens->is_reserved;

	if (tokens->fd == -1 || count_free(tokens) >= count_most(tokens))
		return;
	tokens_want(tokens, false);
	tokens->is_wanted = is_wanted;
	tokens->is_suspended = true;
}

bool tokens_take(struct tokens *tokens)
{
	if (tokens->fd == -1 || tokens->is_suspended)
		return false;
	if (!tokens->is_reserved) {
		trim(tokens);
		absorb_surplus(tokens);
		if (get(tokens, 1) == 0)
			return false;
	}
	tokens->is_reserved = false;
	tokens->n_held++;
	return true;
}

void tokens_give(struct tokens *tokens)
{
	tokens->n_held--;
	if (tokens->fd == -1)
		return;
	if (count_surplus(tokens) > 0)
		tokens->n--;
	else
		put(tokens, 1);
	trim(tokens);
}

void tokens_refill(struct tokens *tokens)
{
	uint32_t n_kept = tokens->is_reserved;

	if (tokens->fd == -1)
		return;
	if (tokens->limit == 0) {
		close_fifo(tokens);
		return;
	}
	get(tokens, DRAIN_MAX);
	tokens->n = tokens->limit;
	tokens->is_suspended = false;
	put(tokens, tokens->limit - n_kept);
}

void tokens_want(struct tokens *tokens, bool is_wanted)
{
	tokens->is_wanted = is_wanted;
	if (is_wanted || !tokens->is_reserved)
		return;
	tokens->is_reserved = false;
	if (count_surplus(tokens) > 0)
		tokens->n--;
	else
		put(tokens, 1);
}

int tokens_get_fd(const struct tokens *tokens)
{
	bool is_to_reserve = tokens->is_wanted && !tokens->is_reserved && !tokens->is_suspended;

	return is_to_reserve || count_surplus(tokens) > 0 ? tokens->fd : -1;
}

bool tokens_collect(struct tokens *tokens)
{
	if (tokens->fd == -1)
		return false;
	trim(tokens);
	absorb_surplus(tokens);
	if (!tokens->is_wanted || tokens->is_reserved || tokens->is_suspended ||
	    get(tokens, 1) == 0)
		return false;
	tokens->is_wanted = false;
	tokens->is_reserved = true;
	return true;
}
