/* What struct daemon is made of; see parts.h. */
#include "daemon/parts.h"

#include <stdlib.h>

#include "daemon/dynamic.h"
#include "daemon/effects.h"
#include "daemon/environment.h"
#include "daemon/events.h"
#include "daemon/executors/slurm.h"
#include "daemon/holds.h"
#include "daemon/inputs.h"
#include "daemon/jobserver.h"
#include "daemon/keep.h"
#include "daemon/left.h"
#include "daemon/left_watch.h"
#include "daemon/logs_watch.h"
#include "daemon/outputs.h"
#include "daemon/repeats.h"
#include "daemon/store.h"
#include "daemon/waits.h"
#include "daemon/workers.h"
#include "daemon/workspace/workspace.h"

int parts_make(struct daemon *daemon, uint64_t last_seq)
{
	daemon->keep = keep_new(daemon);
	daemon->holds = holds_new(daemon);
	daemon->environments = environments_new(daemon->workers);
	daemon->events = events_new(daemon, last_seq);
	daemon->inputs = inputs_new();
	daemon->waits = waits_new();
	daemon->dynamics = dynamics_new(daemon);
	daemon->slurm = slurm_new(daemon);
	daemon->jobserver = jobserver_new(daemon);
	daemon->logs_watch = logs_watch_new(daemon);
	daemon->outputs = outputs_new(daemon);
	daemon->left = left_new(daemon);
	daemon->effects = effects_new(daemon);
	return daemon->keep && daemon->holds && daemon->environments && daemon->events &&
	               daemon->inputs && daemon->waits && daemon->dynamics && daemon->slurm &&
	               daemon->jobserver && daemon->logs_watch && daemon->outputs && daemon->left &&
	               daemon->effects
	           ? 0
	           : -1;
}

void parts_free(struct daemon *daemon)
{
	slurm_free(daemon->slurm);
	dynamics_free(daemon->dynamics);
	jobserver_free(daemon->jobserver);
	effects_free(daemon->effects);
	left_watch_free(daemon->left);
	logs_watch_free(daemon->logs_watch);
	outputs_free(daemon->outputs);
	waits_free(daemon->waits);
	inputs_free(daemon->inputs);
	events_free(daemon->events);
	repeats_free(daemon->repeats);
	environments_free(daemon->environments);
	workers_free(daemon->workers);
	if (daemon->core)
		core_free(daemon->core);
	holds_free(daemon->holds);
	keep_free(daemon->keep);
	workspace_free(daemon->workspace);
	store_close(daemon->store);
	if (daemon->base)
		event_base_free(daemon->base);
	free(daemon->directory);
	free(daemon->state_directory);
	free(daemon->logs_directory);
	free(daemon->socket_path);
}
