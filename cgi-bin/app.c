/* All pages in one program, for hosts that allow a single process. */
#include "app/program.h"
#include "pages/pages.h"

int main(int argc, char **argv)
{
	static const struct route_table *const pages[] = {
		&login_page,   &register_page, &logout_page,    &chat_page,    &article_page,
		&country_page, &home_page,     &dashboard_page, &profile_page, &protected_page,
		&status_page,  &health_page,   &icon_page,      NULL,
	};
	return program_main(argc, argv, pages);
}
