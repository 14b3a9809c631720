/*
 * The version of the protocol and its limits. The version changes only when an old client and a new
 * daemon could misunderstand each other; new methods, members and errors do not change it.
 */
#ifndef PARPROC_PROTOCOL_VERSION_H
#define PARPROC_PROTOCOL_VERSION_H

#define PROTOCOL_VERSION 1

#define PROTOCOL_MAX_LINE_BYTES (16u << 20) /* one message, its newline not counted */
#define PROTOCOL_MAX_DEPTH 64               /* arrays and objects inside each other */
#define PROTOCOL_MAX_VALUES 1000000         /* of one message; the keys of objects do not count */
#define PROTOCOL_MAX_BATCH 1024             /* messages in one batch */
#define PROTOCOL_MAX_REQUEST_ID_BYTES 64    /* of the member request_id */

#endif
