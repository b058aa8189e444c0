/* The guard: what stands between a request and its handler. */
#pragma once
#include "app/routes.h"

/* Find the route, learn who is there, ask access_decide, check the CSRF token, run the handler; the
 * reply in `visit` is complete afterwards, whatever happened. */
void guard_serve(struct visit *visit, const struct route_table *const *tables);
