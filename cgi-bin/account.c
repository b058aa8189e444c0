/* The pages of a person's account; also answers for every path that nobody else serves. */
#include "app/program.h"
#include "pages/pages.h"

int main(int argc, char **argv)
{
	static const struct route_table *const pages[] = {
		&home_page,
		&dashboard_page,
		&profile_page,
		&password_page,
		&activity_page,
		&devices_page,
		&session_api_page,
		&characters_page,
		&personality_page,
		&character_api_page,
		&settings_page,
		&usage_page,
		&config_page,
		&protected_page,
		&status_page,
		&health_page,
		&docs_page,
		&icon_page,
		NULL,
	};
	return program_main(argc, argv, pages);
}
