/* The pages: each has a file of its own, named as its template and its test, which ends in the
 * table of its routes. */
#pragma once
#include "app/routes.h"

extern const struct route_table login_page;
extern const struct route_table register_page;
extern const struct route_table logout_page;
extern const struct route_table confirm_password_page;
extern const struct route_table home_page;
extern const struct route_table dashboard_page;
extern const struct route_table profile_page;
extern const struct route_table password_page;
extern const struct route_table devices_page;
extern const struct route_table session_api_page;
extern const struct route_table activity_page;
extern const struct route_table characters_page;
extern const struct route_table personality_page;
extern const struct route_table character_api_page;
extern const struct route_table settings_page;
extern const struct route_table usage_page;
extern const struct route_table config_page;
extern const struct route_table protected_page;
extern const struct route_table status_page;
extern const struct route_table health_page;
extern const struct route_table docs_page;
extern const struct route_table icon_page;
extern const struct route_table country_page;
extern const struct route_table chat_page;
extern const struct route_table conversations_page;
extern const struct route_table conversation_page;
extern const struct route_table message_page;
extern const struct route_table answer_page;
extern const struct route_table temporary_page;
extern const struct route_table share_page;
extern const struct route_table shared_page;
extern const struct route_table guest_page;
extern const struct route_table article_page;
extern const struct route_table knowledge_page;
extern const struct route_table knowledge_edit_page;
extern const struct route_table gate_page;
