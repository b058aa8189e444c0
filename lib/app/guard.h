/* The guard: what stands between a request and its handler. */
#pragma once
#include "app/routes.h"

/* Find the route, learn who is there, ask access_decide, check the CSRF token, run the handler; the
 * reply in `visit` is complete afterwards, whatever happened. */
void guard_serve(struct visit *visit, const struct route_table *const *tables);

/* Whether a request that changes something comes from a page of ours: OK, CROSS_ORIGIN or
 * CSRF_FAILED. */
enum outcome guard_check_origin(const struct visit *visit, const struct route *route);
