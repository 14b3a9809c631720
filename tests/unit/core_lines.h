/*
 * Cores from records that are written as lines, which need not be ones that any core could have
 * kept. Numbers go up to 99.
 *   proto NAME WORD… / proc NAME WORD…       a definition as the kit has it, in force
 *   made NAME PROTO VALUES                   a proc that was created
 *   named NAME PROC                          a proc of that name with the definition of another
 *   run ID [holds=N] [brief=N] [ended=NS]
 *   exec ID PROC STATE|state=N [run=ID] [of=NAME: whose definition] [values=…] [deps=ID,…]
 *     [missing=…] [ask=DEP] [choices=DEP[:NAMES]] [attempt=N] [error=N] [ending=N] [started=NS]
 *     [ended=NS] [failed_dep=ID] [info=none]
 *   member EXEC RUN since=N [error=canceled|override=N] [info=none]
 */
#ifndef PARPROC_TESTS_UNIT_CORE_LINES_H
#define PARPROC_TESTS_UNIT_CORE_LINES_H

#include "daemon/core/core.h"

#define LINES_NOW_NS INT64_C(1000000000000)

/* The core that the lines of records make; definitions that are not in force can be referred to
 * too. NULL: it was refused. */
struct core *lines_restore(const char *definitions, const char *records);

#endif
