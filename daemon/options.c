/*
 * The command line of ppd: understood, or answered with what was wrong with it.
 */
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/workspace/units.h"
#include "protocol/nearest.h"

#define EXIT_USAGE 2

enum { OPTION_IDLE_EXIT = 256, OPTION_FRESH, OPTION_NO_STATE };

static const struct option long_options[] = {
    {"directory", required_argument, NULL, 'C'},
    {"socket", required_argument, NULL, 'S'},
    {"detach", no_argument, NULL, 'd'},
    {"verbose", no_argument, NULL, 'v'},
    {"idle-exit", required_argument, NULL, OPTION_IDLE_EXIT},
    {"fresh", no_argument, NULL, OPTION_FRESH},
    {"no-state", no_argument, NULL, OPTION_NO_STATE},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

static const char help[] =
    "usage: ppd [-C DIR] [-S SOCKET] [-dv] [--idle-exit TIME] [--fresh] [--no-state]\n"
    "Serves the workspace of a directory: runs what its parproc.yaml and ppctl say.\n"
    "\n"
    "  -C, --directory DIR   of DIR instead of the working directory: the nearest directory\n"
    "                        upward with a parproc.yaml or .parproc/, or else DIR itself\n"
    "  -S, --socket SOCKET   listen there instead of at .parproc/ppd.sock\n"
    "  -d, --detach          go to the background once it serves; log to .parproc/ppd.log\n"
    "  -v, --verbose         log more\n"
    "      --idle-exit TIME  end after that long without clients and work (30m, 2h)\n"
    "      --fresh           start without any earlier state\n"
    "      --no-state        keep everything in memory only\n"
    "  -h, --help            show this\n"
    "  -V, --version         show the version\n"
    "\n"
    "examples:\n"
    "  ppd                        serve this workspace in the foreground\n"
    "  ppd -d && ppctl run all    serve it in the background, then use it\n"
    "  ppd -C ~/src/app --fresh   forget what was, serve that one\n"
    "\n"
    "See ppd(8), ppctl(1) and parproc.yaml(5).\n";

static int complain_end(void)
{
	fputs("  hint: see ppd -h\n", stderr);
	return EXIT_USAGE;
}

static int complain(const char *what, const char *text)
{
	fprintf(stderr, "ppd: %s%s\n", what, text);
	return complain_end();
}

static int apply(struct ppd_options *options, int option)
{
	switch (option) {
	case 'C':
		options->directory = optarg;
		return -1;
	case 'S':
		options->socket_path = optarg;
		return optarg[0] != '\0' ? -1 : complain("an empty socket path", "");
	case 'd':
		options->is_detached = true;
		return -1;
	case 'v':
		options->is_verbose = true;
		return -1;
	case OPTION_IDLE_EXIT:
		if (units_parse_duration(optarg, &options->idle_exit_ns) == 0)
			return -1;
		return complain("--idle-exit needs a time like 30m or 2h, not ", optarg);
	case OPTION_FRESH:
		options->is_fresh = true;
		return -1;
	case OPTION_NO_STATE:
		options->has_state = false;
		return -1;
	case 'h':
		fputs(help, stdout);
		return EXIT_SUCCESS;
	case 'V':
		puts("ppd (parproc) " PACKAGE_VERSION);
		return EXIT_SUCCESS;
	default:
		return EXIT_USAGE;
	}
}

/* Says what getopt did not understand: word, or the letter optopt in it. */
static int complain_option(const char *word)
{
	struct nearest nearest;
	char letter[] = {'-', (char)optopt, '\0'};

	if (word[0] != '-' || word[1] != '-')
		return complain("unknown option, or one without its value: ", letter);
	nearest_init(&nearest, word + 2);
	for (const struct option *option = long_options; option->name != NULL; option++)
		nearest_offer(&nearest, option->name);
	fprintf(stderr, "ppd: unknown option, or one without its value: %s\n", word);
	if (nearest.best != NULL && nearest.distance > 0)
		fprintf(stderr, "  hint: did you mean --%s?\n", nearest.best);
	return complain_end();
}

int ppd_options_parse(struct ppd_options *options, int argc, char **argv)
{
	int option, status;

	*options = (struct ppd_options){.has_state = true};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "C:S:dvhV", long_options, NULL)) != -1) {
		if (option == '?')
			return complain_option(argv[optind - 1]);
		status = apply(options, option);
		if (status != -1)
			return status;
	}
	if (optind < argc)
		return complain("no operands are taken: ", argv[optind]);
	return -1;
}
