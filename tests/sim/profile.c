/*
 * Names of the simulator's features and profiles.
 */
#include "tests/sim/profile.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	bool is_basic;
} features[N_FEATURES] = {
    [FEATURE_PROTOS] = {"protos", true},
    [FEATURE_WAVES] = {"waves", true},
    [FEATURE_LOCKS] = {"locks", true},
    [FEATURE_POOLS] = {"pools", true},
    [FEATURE_PRIORITY] = {"priority", true},
    [FEATURE_TIMEOUTS] = {"timeouts", true},
    [FEATURE_FAILURES] = {"failures", true},
    [FEATURE_CANCEL] = {"cancel", true},
    [FEATURE_SHARING] = {"sharing", true},
    [FEATURE_PARAMS] = {"params", false},
    [FEATURE_RUNS] = {"runs", true},
    [FEATURE_OPTIONS] = {"options", true},
    [FEATURE_REGISTRY] = {"registry", false},
    [FEATURE_MISSING] = {"missing", false},
    [FEATURE_COMMANDS] = {"commands", false},
    [FEATURE_RDEPS] = {"rdeps", false},
    [FEATURE_CONDITIONAL] = {"conditional", false},
    [FEATURE_NESTED] = {"nested", false},
    [FEATURE_CYCLES] = {"cycles", true},
    [FEATURE_NOW] = {"now", false},
    [FEATURE_RETRIES] = {"retries", false},
    [FEATURE_EXECUTORS] = {"executors", false},
    [FEATURE_STANDBY] = {"standby", false},
    [FEATURE_CRASHES] = {"crashes", false},
    [FEATURE_MANY_CRASHES] = {"many-crashes", false},
};

const char *profile_feature_name(enum feature feature)
{
	return features[feature].name;
}

static int set_part(struct profile *profile, const char *part, size_t length)
{
	bool is_full = length == 4 && strncmp(part, "full", length) == 0;
	bool is_basic = length == 5 && strncmp(part, "basic", length) == 0;
	bool is_crash = length == 5 && strncmp(part, "crash", length) == 0;
	if (is_full || is_basic || is_crash) {
		for (int i = 0; i < N_FEATURES; i++)
			profile->has[i] = !is_basic || features[i].is_basic;
		profile->has[FEATURE_MANY_CRASHES] = is_crash;
		return 0;
	}
	bool is_on = part[0] == '+';
	if (length < 2 || (!is_on && part[0] != '-'))
		return -1;
	for (int i = 0; i < N_FEATURES; i++) {
		if (strlen(features[i].name) == length - 1 &&
		    strncmp(features[i].name, part + 1, length - 1) == 0) {
			profile->has[i] = is_on;
			return 0;
		}
	}
	return -1;
}

int profile_parse(struct profile *profile, const char *text)
{
	*profile = (struct profile){0};
	while (*text != '\0') {
		size_t length = strcspn(text, ",");
		if (set_part(profile, text, length) != 0)
			return -1;
		text += length;
		text += *text == ',';
	}
	return 0;
}
