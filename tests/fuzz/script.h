/*
 * What happens to a daemon of daemon_kit.h, as text. A line that begins with '!' is one of the
 * events below, any other is sent as it is.
 *
 *	!peer N             from here on this one sends (0 or 1)
 *	!close / !half      it hangs up; it sends no more
 *	!exit N S TEXT      the N-th living worker ends with wait status S, and has left TEXT
 *	!left N S TEXT      the same, and others of its process group live on
 *	!spawn N ERRNO      it could not be started
 *	!started N          it is reported as started
 *	!tick N             N seconds pass
 *	!file TEXT          the workspace file is TEXT now
 *	!full N             whether the supervisor takes no more
 *	!restart            another scheduler goes on, where there is a state database
 */
#ifndef PARPROC_TESTS_FUZZ_SCRIPT_H
#define PARPROC_TESTS_FUZZ_SCRIPT_H

#include <stddef.h>

#include "tests/fuzz/daemon_kit.h"

/* Plays size bytes, with one more behind them; the script is changed. */
void script_play(struct kit *kit, char *script, size_t size);

#endif
