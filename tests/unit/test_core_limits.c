/*
 * What the core refuses as too much, so that no peer can have it hold without end.
 */
#include <criterion/criterion.h>

#include "tests/unit/core_kit.h"

/* Each is made by a request of forty bytes. */
Test(core_limits, active_runs_are_limited)
{
	struct kit *kit = kit_new("proc a");
	struct scope scope = {.now_ns = 1, .params = "{}"};
	struct fault fault = {0};
	uint64_t run = 0;
	size_t count = 0;

	while (count < 100000 && core_open(kit->core, &scope, &run, &fault) == 0)
		count++;
	cr_assert_eq(count, 32768u);
	cr_assert_eq(fault.code, FAULT_LIMIT);
	fault_clear(&fault);
	/* One that is there may be used, and one that ends makes room. */
	scope.run = run;
	cr_assert_eq(core_open(kit->core, &scope, &run, &fault), 0);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(core_close(kit->core, &scope, &run, &fault), 0);
	scope.run = 0;
	cr_assert_eq(core_open(kit->core, &scope, &run, &fault), 0);
	kit_free(kit);
}
