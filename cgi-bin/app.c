/* All pages in one program, for hosts that allow a single process. */
#include "app/program.h"
#include "pages/pages.h"

int main(int argc, char **argv)
{
	static const struct route_table *const pages[] = {
		&login_page,
		&confirm_password_page,
		&register_page,
		&logout_page,
		&chat_page,
		&message_page,
		&conversations_page,
		&conversation_page,
		&answer_page,
		&share_page,
		&temporary_page,
		&shared_page,
		&guest_page,
		&article_page,
		&knowledge_page,
		&knowledge_edit_page,
		&country_page,
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
		&gate_page,
		NULL,
	};
	return program_main(argc, argv, pages);
}
