#include "session/device.h"
#include "base/text.h"
#include <string.h>

/* Nobody's real header is longer; the rest is not looked at. */
enum { USER_AGENT_MAX_BYTES = 1024, VERSION_MAX = 9999 };

static const char unknown[] = "an unknown browser";

struct product {
	const char *token;
	const char *name;
	const char *only_on; /* the token means this only on that system; NULL: everywhere */
	const char *version; /* the token that has the version; NULL: the same */
};

/* The first that occurs wins. Everybody says to be Mozilla, Safari and Chrome too, so whoever builds
 * on another stands before it. */
static const struct product browsers[] = {
	{ "Googlebot", "a program (Googlebot)", NULL, NULL },
	{ "bingbot", "a program (bingbot)", NULL, NULL },
	{ "Applebot", "a program (Applebot)", NULL, NULL },
	{ "HeadlessChrome", "Headless Chrome", NULL, NULL },
	{ "Electron", "a desktop app", NULL, NULL },
	{ "FBAV", "the Facebook app", NULL, NULL },
	{ "Instagram", "the Instagram app", NULL, NULL },
	{ "MicroMessenger", "the WeChat app", NULL, NULL },
	{ "GSA", "the Google app", NULL, NULL },

	{ "Edg", "Edge", NULL, NULL },
	{ "EdgA", "Edge", NULL, NULL },
	{ "EdgiOS", "Edge", NULL, NULL },
	{ "Edge", "Edge", NULL, NULL },
	{ "Opera Mini", "Opera Mini", NULL, NULL },
	{ "OPR", "Opera", NULL, NULL },
	{ "OPT", "Opera", NULL, NULL },
	{ "OPX", "Opera", NULL, NULL },
	{ "OPiOS", "Opera", NULL, NULL },
	{ "Opera", "Opera", NULL, "Version" },
	{ "SamsungBrowser", "Samsung Internet", NULL, NULL },
	{ "Vivaldi", "Vivaldi", NULL, NULL },
	{ "DuckDuckGo", "DuckDuckGo", NULL, NULL },
	{ "Ddg", "DuckDuckGo", NULL, NULL },
	{ "YaBrowser", "Yandex Browser", NULL, NULL },
	{ "UCBrowser", "UC Browser", NULL, NULL },
	{ "MiuiBrowser", "Mi Browser", NULL, NULL },
	{ "HuaweiBrowser", "Huawei Browser", NULL, NULL },
	{ "MQQBrowser", "QQ Browser", NULL, NULL },
	{ "QQBrowser", "QQ Browser", NULL, NULL },
	{ "Whale", "Whale", NULL, NULL },
	{ "Silk", "Silk", NULL, NULL },
	{ "CriOS", "Chrome", NULL, NULL },
	{ "Chromium", "Chromium", NULL, NULL },
	{ "Chrome", "Chrome", NULL, NULL },

	{ "Thunderbird", "Thunderbird", NULL, NULL },
	{ "SeaMonkey", "SeaMonkey", NULL, NULL },
	{ "PaleMoon", "Pale Moon", NULL, NULL },
	{ "Waterfox", "Waterfox", NULL, NULL },
	{ "Focus", "Firefox Focus", NULL, NULL },
	{ "FxiOS", "Firefox", NULL, NULL },
	{ "Firefox", "Firefox", NULL, NULL },

	{ "MSIE", "Internet Explorer", NULL, NULL },
	{ "Trident", "Internet Explorer", NULL, "rv" },
	{ "Konqueror", "Konqueror", NULL, NULL },
	{ "Falkon", "Falkon", NULL, NULL },
	{ "Epiphany", "GNOME Web", NULL, NULL },
	{ "Dillo", "Dillo", NULL, NULL },
	{ "Lynx", "Lynx", NULL, NULL },
	{ "ELinks", "ELinks", NULL, NULL },
	{ "Links", "Links", NULL, NULL },
	{ "w3m", "w3m", NULL, NULL },

	/* Whoever uses the same engine says Safari, so it is believed of Apple's systems only. */
	{ "Safari", "Safari", "iPhone", "Version" },
	{ "Safari", "Safari", "iPad", "Version" },
	{ "Safari", "Safari", "iPod", "Version" },
	{ "Safari", "Safari", "macOS", "Version" },
	{ "Safari", "Android Browser", "Android", "Version" },
};

/* Programs that people know by name and start themselves. */
static const struct product programs[] = {
	{ "curl", "curl", NULL, NULL },         { "Wget", "Wget", NULL, NULL },
	{ "HTTPie", "HTTPie", NULL, NULL },     { "PostmanRuntime", "Postman", NULL, NULL },
	{ "insomnia", "Insomnia", NULL, NULL },
};

/* The first that occurs wins: what is built on another system stands before it. */
static const struct {
	const char *token;
	const char *name;
} systems[] = {
	{ "Windows Phone", "Windows Phone" },
	{ "Xbox", "Xbox" },
	{ "PlayStation", "PlayStation" },
	{ "Nintendo", "Nintendo" },
	{ "Tizen", "Tizen" },
	{ "Web0S", "webOS" },
	{ "KAIOS", "KaiOS" },
	{ "OpenHarmony", "HarmonyOS" },
	{ "HarmonyOS", "HarmonyOS" },
	{ "Android", "Android" },
	{ "iPad", "iPad" },
	{ "iPod", "iPod" },
	{ "iPhone", "iPhone" },
	/* These exist only there, and call it a Mac when the page for large screens is wanted. */
	{ "CriOS", "iPhone or iPad" },
	{ "FxiOS", "iPhone or iPad" },
	{ "EdgiOS", "iPhone or iPad" },
	{ "CrOS", "ChromeOS" },
	{ "Windows", "Windows" },
	{ "Macintosh", "macOS" },
	{ "FreeBSD", "FreeBSD" },
	{ "OpenBSD", "OpenBSD" },
	{ "NetBSD", "NetBSD" },
	{ "SunOS", "Solaris" },
	{ "Linux", "Linux" },
	{ "linux", "Linux" },
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct header {
	const char *bytes, *end;
};

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* What follows the token where it stands as a word of its own; NULL when it does nowhere. */
static const char *after_token(struct header header, const char *token)
{
	size_t length = strlen(token);
	for (const char *from = header.bytes; from < header.end;) {
		const char *at = memmem(from, (size_t)(header.end - from), token, length);
		if (at == NULL)
			return NULL;
		const char *after = at + length;
		if ((at == header.bytes || !is_letter_or_digit(at[-1])) &&
		    (after == header.end || !is_letter_or_digit(*after)))
			return after;
		from = after;
	}
	return NULL;
}

static struct header header_of(const char *user_agent)
{
	struct header header = { .bytes = user_agent != NULL ? user_agent : "" };
	header.end = header.bytes + strnlen(header.bytes, USER_AGENT_MAX_BYTES);
	return header;
}

static const char *find_system(struct header header)
{
	for (size_t i = 0; i < COUNT(systems); i++)
		if (after_token(header, systems[i].token) != NULL)
			return systems[i].name;
	return NULL;
}

static const struct product *find_browser(struct header header, const char *system)
{
	for (size_t i = 0; i < COUNT(browsers); i++) {
		const struct product *browser = &browsers[i];
		if (browser->only_on != NULL &&
		    (system == NULL || strcmp(browser->only_on, system) != 0))
			continue;
		if (after_token(header, browser->token) != NULL)
			return browser;
	}
	return NULL;
}

/* The length of the product name that the header begins with, as programs write it ("okhttp/4.9"),
 * or consists of; 0 when it is not plain and short, or says Mozilla as every browser does. A dot is
 * not plain: "www.example.org/win" would be an address in somebody's list. */
static size_t product_length(struct header header)
{
	const char *at = header.bytes;
	while (at < header.end && (is_letter_or_digit(*at) || *at == '-' || *at == '_'))
		at++;
	size_t length = (size_t)(at - header.bytes);
	if (length > DEVICE_PRODUCT_MAX_BYTES || !is_letter_or_digit(*header.bytes) ||
	    (at < header.end && *at != '/'))
		return 0;
	return length == 7 && memcmp(header.bytes, "Mozilla", 7) == 0 ? 0 : length;
}

static const char *program_name(struct pool *pool, struct header header, size_t length)
{
	for (size_t i = 0; i < COUNT(programs); i++)
		if (strlen(programs[i].token) == length &&
		    memcmp(programs[i].token, header.bytes, length) == 0)
			return programs[i].name;
	return pool_printf(pool, "a program (%.*s)", (int)length, header.bytes);
}

struct device_name device_name(struct pool *pool, const char *user_agent)
{
	struct header header = header_of(user_agent);
	struct device_name name = { .browser = unknown, .system = find_system(header) };
	const struct product *browser = find_browser(header, name.system);
	size_t length = product_length(header);
	if (browser != NULL)
		name.browser = browser->name;
	else if (length > 0)
		name.browser = program_name(pool, header, length);
	return name;
}

const char *device_text(struct pool *pool, const char *user_agent)
{
	struct device_name name = device_name(pool, user_agent);
	if (name.system == NULL)
		return name.browser;
	return pool_printf(pool, "%s on %s", name.browser, name.system);
}

/* The number after "Firefox/", "MSIE " or "rv:". */
static int number_at(struct header header, const char *at)
{
	int number = 0;
	if (at == NULL || at == header.end || strchr("/ :", *at) == NULL)
		return 0;
	for (at++; at < header.end && *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (*at - '0');
		if (number > VERSION_MAX)
			return 0;
	}
	return number;
}

int device_major_version(const char *user_agent)
{
	struct header header = header_of(user_agent);
	const struct product *browser = find_browser(header, find_system(header));
	if (browser == NULL) {
		size_t length = product_length(header);
		return length > 0 ? number_at(header, header.bytes + length) : 0;
	}
	const char *at = NULL;
	if (browser->version != NULL)
		at = after_token(header, browser->version);
	return number_at(header, at != NULL ? at : after_token(header, browser->token));
}
