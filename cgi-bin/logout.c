/* Signing out. */
#include "app/program.h"
#include "pages/pages.h"

int main(int argc, char **argv)
{
	static const struct route_table *const pages[] = {
		&logout_page,
		NULL,
	};
	return program_main(argc, argv, pages);
}
