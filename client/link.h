/*
 * Links in terminals to files, as "Hyperlinks (a.k.a. HTML-like anchors) in terminal emulators"
 * has them: OSC 8 ; params ; URI ST, text, OSC 8 ; ; ST.
 * https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda
 */
#ifndef PARPROC_CLIENT_LINK_H
#define PARPROC_CLIENT_LINK_H

#include <stdbool.h>

#define LINK_END "\033]8;;\033\\"

/* Whether links are to be written, by FORCE_HYPERLINK, else by whether that is a terminal and what
 * the environment says about which. */
bool link_is_known(bool is_terminal);

/* The sequence that begins a link to a file, an absolute path. New. LINK_END ends it. */
char *link_begin(const char *path);

#endif
