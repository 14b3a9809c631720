/*
 * What systemd says to a service and wants to hear from it: two environment variables' worth of
 * protocol, which needs no library.
 */
#ifndef PARPROC_DAEMON_START_SYSTEMD_H
#define PARPROC_DAEMON_START_SYSTEMD_H

struct systemd {
	int n_fds;           /* passed, from descriptor 3 on; 0: none */
	char *notify_socket; /* or NULL */
};

/* Reads the variables and takes them out of the environment, so that no child believes them. */
void systemd_init(struct systemd *systemd);
void systemd_clear(struct systemd *systemd);

/* The first descriptor that was passed if it is a listening Unix stream socket, else -1. */
int systemd_get_listener(const struct systemd *systemd);

/* Sends "READY=1" or the like, if anybody wants it. */
void systemd_notify(const struct systemd *systemd, const char *state);

#endif
