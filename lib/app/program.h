/* Programs: what is the same in every FastCGI program of Gatehouse: start, serve, stop. */
#pragma once
#include "app/routes.h"

/* The whole of main(): read the configuration, open everything, serve the pages of `tables` (ended
 * by NULL) until told to stop. Options: --listen ADDRESS, --rule NAME (what the gate asks everywhere),
 * --check, --version, --help. */
int program_main(int argc, char **argv, const struct route_table *const *tables);
