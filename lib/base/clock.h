/* Clocks. Whether a session is valid is decided by the database's clock, which all machines of a
 * fleet share; these are for deadlines, ages of cached things and log lines. */
#pragma once
#include <stdint.h>

/* Milliseconds that only ever grow, for deadlines. */
int64_t clock_monotonic_ms(void);

/* Seconds since 1970. */
int64_t clock_now_s(void);
