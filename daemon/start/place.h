/*
 * The place that a daemon serves: the workspace's directory and the state directory in it. Found,
 * checked and made before anything else is done there.
 */
#ifndef PARPROC_DAEMON_START_PLACE_H
#define PARPROC_DAEMON_START_PLACE_H

#define PLACE_STATE_DIRECTORY ".parproc"
#define PLACE_SOCKET_NAME "ppd.sock"
#define PLACE_LOG_NAME "ppd.log"

struct place {
	char *directory;       /* absolute, without symbolic links */
	char *state_directory; /* .parproc in it */
	int state_fd;
};

#define PLACE_ERROR_SIZE 1024

/*
 * named: a directory, or NULL for the working directory. Takes the nearest one from there upward
 * that has a workspace file or a state directory; named itself where there is none. -1: error
 * says why, in a sentence.
 */
int place_open(struct place *place, const char *named, char error[PLACE_ERROR_SIZE]);
void place_close(struct place *place);

#endif
