/*
 * The table of verbs. The parser, help and the completeness of the manual page (a test) come from
 * it; what a verb does is in the file of its group.
 */
#include "client/verbs.h"

#include <stdint.h>

#include "client/verbs_options.h"

#define ANY SIZE_MAX

const struct verb verbs[] = {
    {
        .name = "run",
        .usage = "NAME... [arg=value...]",
        .summary = "Run procs with all that they depend on, and wait for them",
        .details = "An interrupt cancels the run, a second one kills what is left of it.",
        .options = run_options,
        .examples = "ppctl run deploy::prod\n"
                    "ppctl run 'build::*' test\n"
                    "ppctl run 'build::[env]' env=prod --param region=eu-north-1\n"
                    "ppctl --run nightly run report",
        .min_words = 1,
        .max_words = ANY,
        .words = WORDS_NAMES_ARGUMENTS,
        .run = verb_run,
    },
    {
        .name = "create",
        .usage = "NAME... [arg=value...]",
        .summary = "Make procs from protos, and print their names",
        .options = create_options,
        .examples = "ppctl create build::prod\n"
                    "ppctl create 'build::[env]' env=prod --as release-build\n"
                    "ppctl start $(ppctl create 'build::*')",
        .min_words = 1,
        .max_words = ANY,
        .words = WORDS_NAMES_ARGUMENTS,
        .run = verb_create,
    },
    {
        .name = "start",
        .usage = "NAME... [arg=value...]",
        .summary = "Start procs with all that they depend on, and print the run's number",
        .options = start_options,
        .examples = "ppctl start build::prod\n"
                    "run=$(ppctl start build::prod) && ppctl --run $run wait",
        .min_words = 1,
        .max_words = ANY,
        .words = WORDS_NAMES_ARGUMENTS,
        .run = verb_start,
    },
    {
        .name = "wait",
        .usage = "[NAME...]",
        .summary = "Wait until procs are complete, or a whole run, or all runs",
        .details = "Names may be of procs that are still to be created. Without names: the run "
                   "of\n--run, or without one all runs that are active now.",
        .options = wait_options,
        .examples = "ppctl wait deploy::prod\n"
                    "ppctl --run 7 wait --timeout 5m",
        .max_words = ANY,
        .words = WORDS_NAMES,
        .run = verb_wait,
    },
    {
        .name = "open",
        .usage = "[RUN]",
        .summary = "Hold a run open for what is still to be defined, and print its number",
        .examples = "ppctl open nightly",
        .max_words = 1,
        .words = WORDS_RUNS,
        .run = verb_open,
    },
    {
        .name = "close",
        .usage = "[RUN]",
        .summary = "Take back one hold of open",
        .examples = "ppctl close nightly",
        .max_words = 1,
        .words = WORDS_RUNS,
        .run = verb_close,
    },
    {
        .name = "results",
        .usage = "[NAME...]",
        .summary = "The results of a run, or of each proc's newest execution, as JSON",
        .examples = "ppctl results\n"
                    "ppctl --run nightly results",
        .max_words = ANY,
        .words = WORDS_NAMES,
        .run = verb_results,
    },
    {
        .name = "result",
        .usage = "NAME",
        .summary = "The result of one proc, as JSON",
        .options = result_options,
        .examples = "ppctl result build::prod\n"
                    "version=$(ppctl result -r version)",
        .min_words = 1,
        .max_words = 1,
        .words = WORDS_NAMES,
        .run = verb_result,
    },
    {
        .name = "status",
        .usage = "[NAME...]",
        .summary = "A table of procs: state, time, why they wait or failed",
        .details = "Without --run: each proc's newest execution.",
        .examples = "ppctl status\n"
                    "ppctl --run nightly status\n"
                    "ppctl --json status build::prod",
        .flags = VERB_LOOKS_ONLY,
        .max_words = ANY,
        .words = WORDS_NAMES,
        .run = verb_status,
    },
    {
        .name = "top",
        .usage = "",
        .summary = "All runs and procs in the terminal, with keys to look and to cancel",
        .details = "q quits, ? tells the other keys. Ends nothing and starts nothing by itself.",
        .examples = "ppctl top\n"
                    "ppctl --run nightly top",
        .flags = VERB_LOOKS_ONLY,
        .run = verb_top,
    },
    {
        .name = "list",
        .usage = "",
        .summary = "What can be run: procs and protos, arguments, choices, descriptions",
        .examples = "ppctl list",
        .run = verb_list,
    },
    {
        .name = "show",
        .usage = "NAME",
        .summary = "All about one proc, proto or run",
        .examples = "ppctl show deploy::prod\n"
                    "ppctl show 'deploy::[env]'\n"
                    "ppctl show 7",
        .min_words = 1,
        .max_words = 1,
        .words = WORDS_NAMES_RUNS,
        .run = verb_show,
    },
    {
        .name = "plan",
        .usage = "NAME... [arg=value...]",
        .summary = "What a run would do, in order, with the reason for each edge",
        .details = "It runs nothing. In a tree, what was shown with all below it already is marked "
                   "(*).",
        .options = plan_options,
        .examples = "ppctl plan deploy::prod\n"
                    "ppctl plan --tree --depth 2 release",
        .min_words = 1,
        .max_words = ANY,
        .words = WORDS_NAMES_ARGUMENTS,
        .run = verb_plan,
    },
    {
        .name = "graph",
        .usage = "[NAME... [arg=value...]]",
        .summary = "The graph of what a run would do, or of all that is defined",
        .details = "Of procs that are in the run of --run it shows their states.",
        .options = graph_options,
        .examples = "ppctl graph --svg -o release.svg release\n"
                    "ppctl --run nightly graph --mermaid release\n"
                    "ppctl graph | tred | dot -Tpng >all.png",
        .max_words = ANY,
        .words = WORDS_NAMES_ARGUMENTS,
        .run = verb_graph,
    },
    {
        .name = "why",
        .usage = "NAME",
        .summary = "Why a proc waits, failed, was skipped or ran, down to the cause",
        .examples = "ppctl why deploy::prod\n"
                    "ppctl --run 7 why report",
        .min_words = 1,
        .max_words = 1,
        .words = WORDS_NAMES,
        .run = verb_why,
    },
    {
        .name = "logs",
        .usage = "[-f] [--tail N] [--attempt N] NAME",
        .summary = "The log of a proc's newest execution",
        .options = logs_options,
        .examples = "ppctl logs build::prod\n"
                    "ppctl logs -f --tail 20 deploy::prod",
        .flags = VERB_LOOKS_ONLY,
        .min_words = 1,
        .max_words = 1,
        .words = WORDS_NAMES,
        .run = verb_logs,
    },
    {
        .name = "cancel",
        .usage = "NAME... | --run R | --all",
        .summary = "Cancel procs, a run, or everything",
        .details = "What depends on a canceled proc fails. What other runs share goes on there,\n"
                   "unless --force is given.",
        .options = cancel_options,
        .examples = "ppctl cancel build::prod\n"
                    "ppctl --run nightly cancel\n"
                    "ppctl cancel --all --kill",
        .max_words = ANY,
        .words = WORDS_NAMES,
        .run = verb_cancel,
    },
    {
        .name = "define",
        .usage = "[options] NAME [-- CMD...] | [--replace] -f FILE",
        .summary = "Add a proc or proto (its name has placeholders), or those of a file",
        .details = "One word after -- is for /bin/sh -c, several are executed directly. Without "
                   "a\ncommand it is a collector. A definition stays until undefine or clear.",
        .options = define_options,
        .examples = "ppctl define setup --now -- ./setup.sh\n"
                    "ppctl define 'build::[env]' --dep setup -- make ENV='[env]'\n"
                    "ppctl define 'load::[n]' --arg n:int=4 --lock db -- 'psql <load-$n.sql'\n"
                    "ppctl define audit --rdep when_scheduled:deploy -- ./audit\n"
                    "ppctl define -f more.yaml",
        .flags = VERB_TAKES_COMMAND,
        .max_words = 1,
        .run = verb_define,
    },
    {
        .name = "undefine",
        .usage = "NAME...",
        .summary = "Remove procs and protos that clients defined",
        .examples = "ppctl undefine audit 'load::[n]'",
        .min_words = 1,
        .max_words = ANY,
        .words = WORDS_NAMES,
        .run = verb_undefine,
    },
    {
        .name = "clear",
        .usage = "[--run R] [--definitions]",
        .summary = "Forget runs that are over, or what clients defined",
        .options = clear_options,
        .examples = "ppctl clear\n"
                    "ppctl clear --run 7\n"
                    "ppctl clear --definitions",
        .run = verb_clear,
    },
    {
        .name = "reload",
        .usage = "",
        .summary = "Read the workspace file anew",
        .details = "That happens by itself when it has changed and is needed.",
        .examples = "ppctl reload",
        .run = verb_reload,
    },
    {
        .name = "params",
        .usage = "[k=v...]",
        .summary = "Show the workspace's params, or set some until the daemon ends",
        .details = "A value that is JSON is taken as such, anything else as text.",
        .examples = "ppctl params\n"
                    "ppctl params region=us-east-1 sizes='[1, 2]'",
        .max_words = ANY,
        .words = WORDS_PARAMS,
        .run = verb_params,
    },
    {
        .name = "options",
        .usage = "[k=v...]",
        .summary = "Show the workspace's options, or set some until the daemon ends",
        .examples = "ppctl options\n"
                    "ppctl options parallel=4 kill_after=2s",
        .max_words = ANY,
        .words = WORDS_OPTIONS,
        .run = verb_options,
    },
    {
        .name = "runs",
        .usage = "[-n N]",
        .summary = "The runs, newest first",
        .options = runs_options,
        .examples = "ppctl runs --limit 10",
        .flags = VERB_LOOKS_ONLY,
        .run = verb_runs,
    },
    {
        .name = "report",
        .usage = "[-o FILE] [RUN]",
        .summary = "A page about a run: failures, a timeline, its graph, all procs",
        .details = "The newest run by default. The page is one file of HTML that needs nothing "
                   "else.",
        .options = record_options,
        .examples = "ppctl report -o report.html\n"
                    "ppctl report -o nightly.html nightly",
        .flags = VERB_LOOKS_ONLY,
        .max_words = 1,
        .words = WORDS_RUNS,
        .run = verb_report,
    },
    {
        .name = "trace",
        .usage = "[-o FILE] [RUN]",
        .summary = "When and where all of a run ran, for a viewer of traces",
        .details = "The newest run by default. Perfetto and chrome://tracing open what it writes.",
        .options = record_options,
        .examples = "ppctl trace -o trace.json\n"
                    "ppctl trace 7 | gzip >trace.json.gz",
        .flags = VERB_LOOKS_ONLY,
        .max_words = 1,
        .words = WORDS_RUNS,
        .run = verb_trace,
    },
    {
        .name = "events",
        .usage = "[NAME...]",
        .summary = "What happens, a JSON object a line, until it is interrupted",
        .options = events_options,
        .examples = "ppctl events --kind run\n"
                    "ppctl --run 7 events | jq -r .proc.name",
        .max_words = ANY,
        .words = WORDS_NAMES,
        .run = verb_events,
    },
    {
        .name = "context",
        .usage = "",
        .summary = "What a proc may know about itself, as JSON",
        .details = "Proc, run, typed args, params, results of its dependencies.",
        .examples = "ppctl context | jq .results",
        .flags = VERB_INSIDE,
        .run = verb_context,
    },
    {
        .name = "message",
        .usage = "TEXT",
        .summary = "Leave a line for status to show",
        .examples = "ppctl message 14 tests passed",
        .flags = VERB_INSIDE,
        .min_words = 1,
        .max_words = ANY,
        .run = verb_message,
    },
    {
        .name = "return",
        .usage = "JSON",
        .summary = "Leave a result",
        .examples = "ppctl return '{\"size\": 14}'\n"
                    "ppctl return '\"text\"'",
        .flags = VERB_INSIDE,
        .min_words = 1,
        .max_words = 1,
        .run = verb_return,
    },
    {
        .name = "skip",
        .usage = "[TEXT]",
        .summary = "Be skipped: for use as exec ppctl skip",
        .details = "Leaves the text as the message and exits with 77.",
        .examples = "exec ppctl skip nothing to do",
        .flags = VERB_INSIDE,
        .max_words = ANY,
        .run = verb_skip,
    },
    {
        .name = "fail",
        .usage = "[TEXT]",
        .summary = "Fail: for use as exec ppctl fail",
        .details = "Leaves the text as the message and exits with 1.",
        .examples = "exec ppctl fail the disk is full",
        .flags = VERB_INSIDE,
        .max_words = ANY,
        .run = verb_fail,
    },
    {
        .name = "input",
        .usage = "[--secret] PROMPT",
        .summary = "Ask whoever watches the run, and print the answer",
        .details = "Those who wait for the proc with ppctl run or ppctl wait are asked at their\n"
                   "terminals; the first answer counts, a line of text. Without anybody to ask it\n"
                   "waits, and ppctl status says so, until the proc's timeout ends it.",
        .options = input_options,
        .examples =
            "token=$(ppctl input --secret Token:) || exit\n"
            "[ \"$(ppctl input 'Deploy to prod? [y/N]')\" = y ] || exec ppctl skip 'not now'",
        .flags = VERB_INSIDE,
        .min_words = 1,
        .max_words = ANY,
        .run = verb_input,
    },
    {
        .name = "ping",
        .usage = "",
        .summary = "Whether a daemon serves the workspace",
        .examples = "ppctl ping || ppd -d",
        .flags = VERB_LOOKS_ONLY,
        .run = verb_ping,
    },
    {
        .name = "version",
        .usage = "",
        .summary = "The versions of ppctl and of the daemon",
        .examples = "ppctl version",
        .flags = VERB_LOOKS_ONLY,
        .run = verb_version,
    },
    {
        .name = "restart",
        .usage = "",
        .summary = "Have the installed ppd go on in place of the running one",
        .details = "Nothing is lost: what runs goes on, and who waits notices nothing.",
        .examples = "ppctl restart",
        .flags = VERB_LOOKS_ONLY,
        .run = verb_restart,
    },
    {
        .name = "stop",
        .usage = "",
        .summary = "Cancel what runs and end the daemon; returns when it is gone",
        .examples = "ppctl stop",
        .flags = VERB_LOOKS_ONLY,
        .run = verb_stop,
    },
    {
        .name = "call",
        .usage = "METHOD [JSON]",
        .summary = "Call a method of the protocol, and print its result",
        .examples = "ppctl call status '{\"limit\": 10}'",
        .min_words = 1,
        .max_words = 2,
        .words = WORDS_METHOD,
        .run = verb_call,
    },
    {
        .name = "completion",
        .usage = "bash|zsh|fish",
        .summary = "Print what makes a shell complete ppctl's verbs, options and names",
        .details = "ppctl completion words LINE prints what could stand where the line ends, one\n"
                   "a line, with what it is behind a tab.",
        .examples = "source <(ppctl completion bash)\n"
                    "ppctl completion zsh >~/.zfunc/_ppctl\n"
                    "ppctl completion fish >~/.config/fish/completions/ppctl.fish",
        .flags = VERB_LOOKS_ONLY,
        .min_words = 1,
        .max_words = 2,
        .words = WORDS_SHELLS,
        .run = verb_completion,
    },
    {
        .name = "help",
        .usage = "[VERB]",
        .summary = "What ppctl can do, or all about one verb",
        .examples = "ppctl help run",
        .max_words = 1,
        .words = WORDS_VERBS,
        .run = verb_help,
    },
    {0},
};
