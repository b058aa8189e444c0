/* The chat, its articles and their keeping, and the choice of country and service. */
#include "app/program.h"
#include "pages/pages.h"

int main(int argc, char **argv)
{
	static const struct route_table *const pages[] = {
		&chat_page,    &conversations_page, &conversation_page,   &message_page,
		&answer_page,  &share_page,         &temporary_page,      &shared_page,
		&article_page, &knowledge_page,     &knowledge_edit_page, &country_page,
		NULL,
	};
	return program_main(argc, argv, pages);
}
