/*
 * The words of srun, and what its scripts must not do with words of others.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/executors/slurm_command.h"

Test(slurm_command, whole_words)
{
	struct strings argv = {0}, words = {0};
	struct slurm_command command = {.name = "a $(b) \"c\"",
	    .key = "key",
	    .messages = "/m",
	    .cwd = "/d",
	    .resources = {.memory_bytes = 1025, .time_ns = INT64_C(3661500000000)},
	    .argv = &argv};
	bool has_time = false, has_memory = false, has_name = false;

	strings_add(&argv, "x y");
	slurm_command_build(&command, &words);
	for (size_t i = 0; i < words.count; i++) {
		has_time |= strcmp(words.items[i], "--time=1:01:02") == 0;
		has_memory |= strcmp(words.items[i], "--mem=2K") == 0;
		has_name |= strcmp(words.items[i], "--job-name=a $(b) \"c\"") == 0;
		cr_expect_null(strstr(words.items[i], "--cpus"));
		cr_expect_null(strstr(words.items[i], "--gpus"));
	}
	cr_expect(has_time && has_memory && has_name);
	cr_expect_str_eq(words.items[3], "/m");
	cr_expect_str_eq(words.items[words.count - 1], "x y");
	cr_expect_str_eq(words.items[words.count - 2], "");
	cr_expect_str_eq(words.items[words.count - 3], "/d");
	cr_expect_null(words.items[words.count]);
	strings_clear(&words);
	strings_clear(&argv);
}
