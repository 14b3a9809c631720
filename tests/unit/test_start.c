/*
 * The place, the lock and the socket of a daemon: who may have them, and what is refused.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/start/listen.h"
#include "daemon/start/lock.h"
#include "daemon/start/place.h"

static char directory[PATH_MAX];
static char error[PLACE_ERROR_SIZE];
static struct place place;

static void set_up(void)
{
	snprintf(directory, sizeof(directory), "/tmp/pp-start-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	place.state_fd = -1;
}

static void tear_down(void)
{
	char command[64];

	place_close(&place);
	snprintf(command, sizeof(command), "rm -rf %.*s", (int)strlen("/tmp/pp-start-XXXXXX"),
	    directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(start, .init = set_up, .fini = tear_down, .timeout = 60);

/* A path in the directory; valid until the next call. */
static const char *path_of(const char *name)
{
	static char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void make_file(const char *name)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_neq(fd, -1);
	close(fd);
}

static void assert_refused(const char *why)
{
	cr_assert_eq(place_open(&place, directory, error), -1);
	cr_assert_not_null(strstr(error, why), "%s", error);
}

Test(start, place_is_found_upward)
{
	make_file("parproc.yml");
	cr_assert_eq(mkdir(path_of("sub"), 0700), 0);
	cr_assert_eq(place_open(&place, path_of("sub"), error), 0, "%s", error);
	cr_assert_str_eq(strrchr(place.directory, '/'), strrchr(directory, '/'));
}

Test(start, place_is_what_was_named_where_there_is_none)
{
	struct stat status;

	cr_assert_eq(mkdir(path_of("sub"), 0700), 0);
	cr_assert_eq(place_open(&place, path_of("sub"), error), 0, "%s", error);
	cr_assert_str_eq(strrchr(place.directory, '/'), "/sub");
	cr_assert_eq(stat(path_of("sub/.parproc"), &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0700);
}

Test(start, state_directory_is_made_private)
{
	struct stat status;

	cr_assert_eq(mkdir(path_of(".parproc"), 0755), 0);
	cr_assert_eq(chmod(path_of(".parproc"), 0755), 0);
	cr_assert_eq(place_open(&place, directory, error), 0, "%s", error);
	cr_assert_eq(stat(path_of(".parproc"), &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0700);
}

Test(start, places_that_others_prepared_are_refused)
{
	cr_assert_eq(chmod(directory, 0777), 0);
	assert_refused("refused");
	cr_assert_eq(chmod(directory, 0700), 0);
	cr_assert_eq(symlink("/tmp", path_of(".parproc")), 0);
	assert_refused("link");
	cr_assert_eq(unlink(path_of(".parproc")), 0);
	make_file(".parproc");
	assert_refused("not a directory");
	cr_assert_eq(unlink(path_of(".parproc")), 0);
	cr_assert_eq(mkdir(path_of(".parproc"), 0700), 0);
	cr_assert_eq(symlink("/tmp", path_of(".parproc/logs")), 0);
	assert_refused("logs in it is a symbolic link");
	cr_assert_eq(unlink(path_of(".parproc/logs")), 0);
	cr_assert_eq(mkdir(path_of(".parproc/logs"), 0700), 0);
	cr_assert_eq(symlink("/tmp", path_of(".parproc/logs/7")), 0);
	assert_refused("logs/7 in it is a symbolic link");
	cr_assert_eq(unlink(path_of(".parproc/logs/7")), 0);
	cr_assert_eq(symlink("nowhere", path_of(".parproc/ppd.sock")), 0);
	cr_assert_eq(place_open(&place, directory, error), 0, "%s", error);
}

Test(start, lock_has_one_holder)
{
	struct lock_holder holder;
	int fd;

	cr_assert_eq(place_open(&place, directory, error), 0);
	fd = start_lock_take(place.state_fd, &holder);
	cr_assert_neq(fd, -1);
	cr_assert_eq(start_lock_take(place.state_fd, &holder), -1);
	cr_assert_eq(errno, EWOULDBLOCK);
	cr_assert_eq(holder.pid, 0);
	cr_assert_eq(start_lock_describe(fd, 4711, "/a path/ppd.sock"), 0);
	cr_assert_eq(start_lock_take(place.state_fd, &holder), -1);
	cr_assert_eq(holder.pid, 4711);
	cr_assert_str_eq(holder.socket_path, "/a path/ppd.sock");
	close(fd);
	/* The next one is not taken for the one before. */
	fd = start_lock_take(place.state_fd, &holder);
	cr_assert_neq(fd, -1);
	cr_assert_eq(start_lock_take(place.state_fd, &holder), -1);
	cr_assert_eq(holder.pid, 0);
	close(fd);
}

/* A lock whose file was removed and made again by another is not the lock. */
Test(start, lock_of_a_removed_file_is_taken_anew)
{
	struct lock_holder holder;
	int first, second;

	cr_assert_eq(place_open(&place, directory, error), 0);
	first = start_lock_take(place.state_fd, &holder);
	cr_assert_eq(unlink(path_of(".parproc/lock")), 0);
	second = start_lock_take(place.state_fd, &holder);
	cr_assert_neq(first, -1);
	cr_assert_neq(second, -1);
	cr_assert_eq(start_lock_take(place.state_fd, &holder), -1);
	close(first);
	close(second);
}

static void open_listener(struct listener *listener, const char *wanted)
{
	cr_assert_eq(listener_open(listener, &place, wanted, -1, error), 0, "%s", error);
	cr_assert(listen_is_served(listener->path));
}

Test(start, socket_comes_and_goes)
{
	struct listener listener;
	struct stat status;

	cr_assert_eq(place_open(&place, directory, error), 0);
	open_listener(&listener, NULL);
	cr_assert_eq(stat(path_of(".parproc/ppd.sock"), &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0600);
	listener_close(&listener);
	cr_assert_eq(stat(path_of(".parproc/ppd.sock"), &status), -1);
}

Test(start, stale_socket_is_replaced_and_a_served_one_is_not)
{
	struct listener listener, other;
	char path[PATH_MAX + 64];
	int fd;

	cr_assert_eq(place_open(&place, directory, error), 0);
	strcpy(path, path_of("s"));
	open_listener(&listener, path);
	cr_assert_eq(listener_open(&other, &place, path, -1, error), -1);
	cr_assert_not_null(strstr(error, "another daemon"));
	cr_assert(listen_is_served(path));
	/* Its end without a last word leaves the file. */
	fd = listener.fd;
	listener.is_own = false;
	listener_close(&listener);
	cr_assert_eq(fcntl(fd, F_GETFD), -1);
	cr_assert_not(listen_is_served(path));
	open_listener(&listener, path);
	listener_close(&listener);
	make_file("s");
	cr_assert_eq(listener_open(&other, &place, path, -1, error), -1);
	cr_assert_not_null(strstr(error, "something else"));
	cr_assert_eq(access(path, F_OK), 0);
}

Test(start, a_socket_that_came_in_its_place_stays)
{
	struct listener ending, fresh;
	char path[PATH_MAX + 64];

	cr_assert_eq(place_open(&place, directory, error), 0);
	strcpy(path, path_of("s"));
	open_listener(&ending, path);
	cr_assert_eq(unlink(path), 0);
	open_listener(&fresh, path);
	listener_close(&ending);
	cr_assert(listen_is_served(path));
	listener_close(&fresh);
	cr_assert_eq(access(path, F_OK), -1);
}

Test(start, long_paths)
{
	struct listener listener;
	char name[101];

	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		strcat(strcat(directory, "/"), name);
		cr_assert_eq(mkdir(directory, 0700), 0);
	}
	cr_assert_eq(place_open(&place, directory, error), 0, "%s", error);
	open_listener(&listener, NULL);
	listener_close(&listener);
	cr_assert_neq(access(path_of(".parproc/ppd.sock"), F_OK), 0);
}
