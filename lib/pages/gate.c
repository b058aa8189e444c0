#include "pages/pages.h"

/* The gate has no pages of its own (app/gate.h). */
static const struct route routes[] = {
	{ 0, NULL, 0, NULL, NULL },
};

const struct route_table gate_page = { "gate", routes, true };
