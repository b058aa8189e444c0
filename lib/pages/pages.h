/* The pages: each has a file of its own, named as its template and its test, which ends in the
 * table of its routes. */
#pragma once
#include "app/routes.h"

extern const struct route_table login_page;
extern const struct route_table register_page;
extern const struct route_table logout_page;
extern const struct route_table home_page;
extern const struct route_table dashboard_page;
extern const struct route_table profile_page;
extern const struct route_table protected_page;
extern const struct route_table status_page;
extern const struct route_table health_page;
extern const struct route_table icon_page;
extern const struct route_table country_page;
extern const struct route_table chat_page;
extern const struct route_table article_page;
