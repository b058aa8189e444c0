#include "base/timers.h"
#include "base/clock.h"
#include <stddef.h>

void timer_clear(struct timer *timer)
{
	if (timer->list == NULL)
		return;
	if (timer->before != NULL)
		timer->before->next = timer->next;
	else
		timer->list->first = timer->next;
	if (timer->next != NULL)
		timer->next->before = timer->before;
	timer->list = NULL;
}

void timer_set(struct timer_list *list, struct timer *timer, int64_t delay_ms)
{
	timer_clear(timer);
	timer->at_ms = clock_monotonic_ms() + (delay_ms > 1 ? delay_ms : 1);
	timer->list = list;
	timer->before = NULL;
	timer->next = list->first;
	if (timer->next != NULL)
		timer->next->before = timer;
	list->first = timer;
}

static struct timer *find_first(const struct timer_list *list)
{
	struct timer *first = list->first;
	for (struct timer *timer = first; timer != NULL; timer = timer->next)
		if (timer->at_ms < first->at_ms)
			first = timer;
	return first;
}

int64_t timers_wait_ms(const struct timer_list *list, int64_t most_ms)
{
	const struct timer *first = find_first(list);
	int64_t wait_ms = first != NULL ? first->at_ms - clock_monotonic_ms() : most_ms;
	if (wait_ms > most_ms)
		wait_ms = most_ms;
	return wait_ms > 0 ? wait_ms : 0;
}

void timers_fire(struct timer_list *list)
{
	int64_t now = clock_monotonic_ms();
	for (struct timer *timer; (timer = find_first(list)) != NULL && timer->at_ms <= now;) {
		timer_clear(timer);
		timer->fire(timer->context);
	}
}
