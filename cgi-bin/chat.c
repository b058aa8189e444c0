/* The chat, its articles, and the choice of country and service. */
#include "app/program.h"
#include "pages/pages.h"

int main(int argc, char **argv)
{
	static const struct route_table *const pages[] = {
		&chat_page,
		&article_page,
		&country_page,
		NULL,
	};
	return program_main(argc, argv, pages);
}
