/*
 * The options of the verbs that have some; each list ends with one without a name.
 */
#ifndef PARPROC_CLIENT_VERBS_OPTIONS_H
#define PARPROC_CLIENT_VERBS_OPTIONS_H

#include "client/options.h"

extern const struct option_spec run_options[];
extern const struct option_spec start_options[];
extern const struct option_spec create_options[];
extern const struct option_spec wait_options[];
extern const struct option_spec result_options[];
extern const struct option_spec logs_options[];
extern const struct option_spec cancel_options[];
extern const struct option_spec define_options[];
extern const struct option_spec clear_options[];
extern const struct option_spec runs_options[];
extern const struct option_spec plan_options[];
extern const struct option_spec graph_options[];
extern const struct option_spec record_options[];
extern const struct option_spec events_options[];
extern const struct option_spec input_options[];

#endif
