/* Signing in, confirming the password, and chatting without an account. */
#include "app/program.h"
#include "pages/pages.h"

int main(int argc, char **argv)
{
	static const struct route_table *const pages[] = {
		&login_page,
		&confirm_password_page,
		&guest_page,
		NULL,
	};
	return program_main(argc, argv, pages);
}
