/* The login wall in front of what the web server serves itself: says who may. */
#include "app/program.h"
#include "pages/pages.h"

int main(int argc, char **argv)
{
	static const struct route_table *const pages[] = {
		&gate_page,
		NULL,
	};
	return program_main(argc, argv, pages);
}
