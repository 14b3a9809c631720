/*
 * Requests whose answer takes long: while it is outstanding events are shown and signals heard.
 */
#ifndef PARPROC_CLIENT_WATCH_H
#define PARPROC_CLIENT_WATCH_H

#include "client/client.h"
#include "client/display.h"
#include "client/foreground.h"
#include "client/questions.h"

struct watch_options {
	const char *method;
	json_t *params;              /* taken */
	bool subscribes;             /* before it is sent, to what is watched */
	struct display *display;     /* gets the views of events; NULL: nothing is shown */
	struct questions *questions; /* gets events of inputs; NULL: nobody is asked */
	const char *const *names; /* what is watched: these, of the run, or all; where the daemon */
	const char *run;          /* has dropped events, status is asked about them */
	bool cancels; /* SIGINT, SIGTERM and SIGHUP cancel the run; a second one kills */
	struct foreground *foreground; /* goes with the request; gets the first SIGINT; or NULL */
};

/*
 * Sends the request over the connection, which must be there, and returns when it is answered. With
 * cancels, the run that events name is canceled at a signal, and what still comes is shown;
 * without, a signal ends the waiting. Where somebody may be asked, other signals that would end the
 * process do that too, so that the terminal is left as it was found. *result is new. Returns 0, or
 * an exit status, then the reason was printed. Where a signal came it is 128 + its number, with or
 * without a result.
 */
int watch_request(struct client *client, const struct watch_options *options, json_t **result);

#endif
