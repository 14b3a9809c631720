/*
 * sim [--seed N] [--steps N] [--episode N] [--profile P] [-v]: episodes of random steps, each on a
 * new core, with seeds that count up from the first. What fails is tried again with fewer features
 * and fewer steps, and the line that replays the smallest is printed.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/mem.h"
#include "tests/sim/sim.h"

struct settings {
	uint64_t seed;
	unsigned n_steps;
	unsigned n_episode_steps;
	const char *profile_text;
	struct profile profile;
	bool is_verbose;
};

static int usage(void)
{
	fprintf(stderr, "usage: sim [--seed N] [--steps N] [--episode N] [--profile "
	                "basic|full|crash[,-FEATURE…]] [-v]\n"
	                "features:");
	for (int i = 0; i < N_FEATURES; i++)
		fprintf(stderr, " %s", profile_feature_name((enum feature)i));
	fprintf(stderr, "\n");
	return 2;
}

static int parse(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
	    {"seed", required_argument, NULL, 's'},
	    {"steps", required_argument, NULL, 'n'},
	    {"episode", required_argument, NULL, 'e'},
	    {"profile", required_argument, NULL, 'p'},
	    {NULL, 0, NULL, 0},
	};
	int option;
	*settings = (struct settings){
	    .seed = 1, .n_steps = 20000, .n_episode_steps = 200, .profile_text = "full"};
	while ((option = getopt_long(argc, argv, "v", options, NULL)) != -1) {
		if (option == 's')
			settings->seed = strtoull(optarg, NULL, 10);
		else if (option == 'n')
			settings->n_steps = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'e')
			settings->n_episode_steps = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'p')
			settings->profile_text = optarg;
		else if (option == 'v')
			settings->is_verbose = true;
		else
			return -1;
	}
	if (optind < argc || settings->n_steps == 0 || settings->n_episode_steps == 0)
		return -1;
	return profile_parse(&settings->profile, settings->profile_text);
}

/* Whether two failures are of one kind: the same but for names and numbers. */
static bool is_alike(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		size_t m = strcspn(a, " "), n = strcspn(b, " ");
		bool is_word = m > 5 && memchr(a, ':', m) == NULL && memchr(a, '(', m) == NULL;
		if (is_word && (m != n || strncmp(a, b, n) != 0))
			return false;
		a += m + (a[m] == ' ');
		b += n + (b[n] == ' ');
	}
	return true;
}

/* The failure, if it is of the same kind as the first. */
static char *play_alike(
    uint64_t seed, unsigned n_steps, const struct profile *profile, const char *first)
{
	struct sim_counts counts = {0};
	char *failure = sim_play(seed, n_steps, profile, false, &counts);
	if (failure != NULL && !is_alike(failure, first)) {
		free(failure);
		failure = NULL;
	}
	return failure;
}

/* Features that the failure does not need are switched off, then steps. The caller frees it. */
static char *shrink(const struct settings *settings, uint64_t seed, const char *first,
    struct profile *profile, unsigned *n_steps)
{
	char *smallest = NULL;
	for (int i = 0; i < N_FEATURES; i++) {
		if (!profile->has[i])
			continue;
		struct profile fewer = *profile;
		fewer.has[i] = false;
		char *failure = play_alike(seed, settings->n_episode_steps, &fewer, first);
		if (failure == NULL)
			continue;
		*profile = fewer;
		free(smallest);
		smallest = failure;
	}
	for (unsigned n = 1; n < settings->n_episode_steps; n++) {
		char *failure = play_alike(seed, n, profile, first);
		if (failure == NULL)
			continue;
		*n_steps = n;
		free(smallest);
		return failure;
	}
	return smallest;
}

static void report(const struct settings *settings, uint64_t seed, const char *failure)
{
	struct profile profile = settings->profile;
	unsigned n_steps = settings->n_episode_steps;
	printf("sim: seed %llu fails: %s\n", (unsigned long long)seed, failure);
	char *smallest = shrink(settings, seed, failure, &profile, &n_steps);
	if (smallest != NULL)
		printf("sim: with less: %s\n", smallest);
	printf("sim: replay: sim --seed %llu --steps %u --episode %u --profile ",
	    (unsigned long long)seed, n_steps, n_steps);
	const char *between = "";
	for (int i = 0; i < N_FEATURES; i++) {
		if (!profile.has[i])
			continue;
		printf("%s+%s", between, profile_feature_name((enum feature)i));
		between = ",";
	}
	printf(" -v\n");
	free(smallest);
}

int main(int argc, char **argv)
{
	struct settings settings;
	struct sim_counts counts = {0};
	if (parse(argc, argv, &settings) != 0)
		return usage();
	for (uint64_t seed = settings.seed; counts.n_steps < settings.n_steps; seed++) {
		unsigned n = settings.n_steps - (unsigned)counts.n_steps;
		if (n > settings.n_episode_steps)
			n = settings.n_episode_steps;
		char *failure = sim_play(seed, n, &settings.profile, settings.is_verbose, &counts);
		if (failure == NULL)
			continue;
		report(&settings, seed, failure);
		free(failure);
		return 1;
	}
	printf("sim: seed %llu, profile %s: %lu steps (%lu events, %lu operations, %lu refused), "
	       "%lu runs, "
	       "%lu executions, %lu processes, %lu crashes, %lu stood by (%lu after others, %lu "
	       "promoted, %lu returned, %lu relied on); %lu choices of what to join were the "
	       "core's\n",
	    (unsigned long long)settings.seed, settings.profile_text, counts.n_steps,
	    counts.n_events, counts.n_operations, counts.n_refused, counts.n_runs,
	    counts.n_executions, counts.n_starts, counts.n_crashes, counts.n_standby,
	    counts.n_following, counts.n_promoted, counts.n_returned, counts.n_relied_on,
	    counts.n_hints);
	return 0;
}
