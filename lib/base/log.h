/* The log: one line per event on standard error, which the web server keeps in its error log.
 *
 *   2026-11-20T08:15:02Z warning sign_in_failed request=5f0c… account=alice address=192.0.2.7
 *
 * Values are escaped: a client can neither break a line nor colour a terminal. Passwords, keys,
 * tokens and cookies are never passed here. */
#pragma once
#include "base/memory.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Events below this level are dropped. Set once at start. */
void log_set_level(enum log_level level);

/* Whether events of this level are written at all. */
bool log_is_written(enum log_level level);

/* Where the lines go; standard error unless a test says otherwise. */
void log_set_file_descriptor(int file_descriptor);

/* The id that this thread's lines carry from now on; NULL or "": none. Copied. */
void log_set_request_id(const char *request_id);

/* Write one event with `key, value` pairs, ended by NULL. A NULL value is written as "-". */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
