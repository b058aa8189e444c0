/* Timers for a loop on one thread: things to be called once, later. They are few, so a list is searched. */
#pragma once
#include <stdint.h>

struct timer_list {
	struct timer *first; /* in no order */
};

/* The memory is the caller's, and is not copied: it must stay until the timer has fired or is cleared. */
struct timer {
	void (*fire)(void *context);
	void *context;
	int64_t at_ms;
	struct timer_list *list; /* NULL while it is not set */
	struct timer *next, *before;
};

/* Have timers_fire call timer->fire(timer->context) in `delay_ms`, at least 1; set again, it counts anew. */
void timer_set(struct timer_list *list, struct timer *timer, int64_t delay_ms);

/* Forget it, if it is set. */
void timer_clear(struct timer *timer);

/* How long until the next one is due, at least 0; `most_ms` when none is due before. */
int64_t timers_wait_ms(const struct timer_list *list, int64_t most_ms);

/* Call those that are due now. They may set and clear timers; what is set meanwhile waits. */
void timers_fire(struct timer_list *list);
