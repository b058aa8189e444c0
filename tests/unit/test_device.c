/* Names of devices: real headers as browsers and programs send them, and what nobody should read in
 * the list of their devices. */
#include "base/text.h"
#include "harness.h"
#include "session/device.h"

#define WINDOWS       "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
#define MAC           "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
#define DESKTOP_LINUX "Mozilla/5.0 (X11; Linux x86_64)"
#define CHROMEOS      "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)"
#define PHONE         "Mozilla/5.0 (Linux; Android 10; K)"
#define IPHONE        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X)"
#define IPAD          "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X)"
#define KHTML         " AppleWebKit/537.36 (KHTML, like Gecko)"
#define WEBKIT        " AppleWebKit/605.1.15 (KHTML, like Gecko)"
#define CHROME        KHTML " Chrome/124.0.0.0"

static const struct {
	const char *user_agent;
	const char *text;
	int version;
} known[] = {
	/* Firefox */
	{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0",
	  "Firefox on Windows", 125 },
	{ "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:109.0) Gecko/20100101 Firefox/115.0",
	  "Firefox on macOS", 115 },
	{ "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0",
	  "Firefox on Linux", 102 },
	{ "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0",
	  "Firefox on Linux", 124 },
	{ "Mozilla/5.0 (X11; FreeBSD amd64; rv:122.0) Gecko/20100101 Firefox/122.0",
	  "Firefox on FreeBSD", 122 },
	{ "Mozilla/5.0 (X11; OpenBSD amd64; rv:121.0) Gecko/20100101 Firefox/121.0",
	  "Firefox on OpenBSD", 121 },
	{ "Mozilla/5.0 (X11; NetBSD amd64; rv:91.0) Gecko/20100101 Firefox/91.0",
	  "Firefox on NetBSD", 91 },
	{ "Mozilla/5.0 (X11; SunOS i86pc; rv:102.0) Gecko/20100101 Firefox/102.0",
	  "Firefox on Solaris", 102 },
	{ "Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0",
	  "Firefox on Android", 125 },
	{ IPHONE WEBKIT " FxiOS/125.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone", 125 },
	{ IPAD WEBKIT " FxiOS/124.1 Mobile/15E148 Safari/605.1.15", "Firefox on iPad", 124 },
	{ "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15)" WEBKIT
	  " FxiOS/124.0 Mobile/15E148 Safari/605.1.15",
	  "Firefox on iPhone or iPad", 124 },
	{ IPHONE WEBKIT " Focus/8.1.1 Mobile/15E148 Safari/605.1.15", "Firefox Focus on iPhone",
	  8 },
	{ "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Thunderbird/102.15.0",
	  "Thunderbird on Linux", 102 },
	{ "Mozilla/5.0 (Windows NT 10.0; rv:68.0) Gecko/20100101 Firefox/68.0 SeaMonkey/2.53.18",
	  "SeaMonkey on Windows", 2 },
	{ "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Goanna/6.6 Firefox/102.0 PaleMoon/33.0.0",
	  "Pale Moon on Linux", 33 },
	/* Chrome and what is built on it */
	{ WINDOWS CHROME " Safari/537.36", "Chrome on Windows", 124 },
	{ MAC CHROME " Safari/537.36", "Chrome on macOS", 124 },
	{ DESKTOP_LINUX CHROME " Safari/537.36", "Chrome on Linux", 124 },
	{ CHROMEOS CHROME " Safari/537.36", "Chrome on ChromeOS", 124 },
	{ PHONE CHROME " Mobile Safari/537.36", "Chrome on Android", 124 },
	{ "Mozilla/5.0 (Linux; Android 13; SM-S901B)" CHROME " Mobile Safari/537.36",
	  "Chrome on Android", 124 },
	{ IPHONE WEBKIT " CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1", "Chrome on iPhone",
	  124 },
	{ IPAD WEBKIT " CriOS/123.0.6312.52 Mobile/15E148 Safari/604.1", "Chrome on iPad", 123 },
	{ MAC WEBKIT " CriOS/112 Version/11.1.1 Safari/605.1.15", "Chrome on iPhone or iPad", 112 },
	{ DESKTOP_LINUX KHTML " Ubuntu Chromium/96.0.4664.110 Chrome/96.0.4664.110 Safari/537.36",
	  "Chromium on Linux", 96 },
	{ DESKTOP_LINUX KHTML " HeadlessChrome/124.0.6367.78 Safari/537.36",
	  "Headless Chrome on Linux", 124 },
	{ WINDOWS CHROME " Safari/537.36 Edg/124.0.2478.51", "Edge on Windows", 124 },
	{ MAC CHROME " Safari/537.36 Edg/123.0.2420.97", "Edge on macOS", 123 },
	{ PHONE CHROME " Mobile Safari/537.36 EdgA/122.0.2365.99", "Edge on Android", 122 },
	{ IPHONE WEBKIT " Version/17.0 EdgiOS/124.2478.50 Mobile/15E148 Safari/604.1",
	  "Edge on iPhone", 124 },
	{ WINDOWS KHTML " Chrome/70.0.3538.102 Safari/537.36 Edge/18.19045", "Edge on Windows",
	  18 },
	{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One)" KHTML
	  " Chrome/70.0.3538.102 Safari/537.36 Edge/44.18363.8131",
	  "Edge on Xbox", 44 },
	{ WINDOWS CHROME " Safari/537.36 OPR/109.0.0.0", "Opera on Windows", 109 },
	{ DESKTOP_LINUX CHROME " Safari/537.36 OPR/110.0.0.0", "Opera on Linux", 110 },
	{ PHONE CHROME " Mobile Safari/537.36 OPR/81.4.4292.78446", "Opera on Android", 81 },
	{ IPHONE WEBKIT " Version/17.4.1 Mobile/15E148 Safari/604.1 OPT/4.6.1", "Opera on iPhone",
	  4 },
	{ "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18", "Opera on Windows",
	  12 },
	{ "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/191.308; U; en) Presto/2.5.25 Version/10.54",
	  "Opera Mini", 7 },
	{ "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A536B)" KHTML
	  " SamsungBrowser/24.0 Chrome/117.0.0.0 Mobile Safari/537.36",
	  "Samsung Internet on Android", 24 },
	{ WINDOWS CHROME " Safari/537.36 Vivaldi/6.7.3329.24", "Vivaldi on Windows", 6 },
	{ DESKTOP_LINUX CHROME " YaBrowser/24.1.0.0 Safari/537.36", "Yandex Browser on Linux", 24 },
	{ "Mozilla/5.0 (Linux; U; Android 11; en-US; RMX2185)" KHTML
	  " Version/4.0 Chrome/100.0.4896.58 UCBrowser/15.4.5.1327 Mobile Safari/537.36",
	  "UC Browser on Android", 15 },
	{ "Mozilla/5.0 (Linux; U; Android 12; de-de; M2101K6G)" KHTML
	  " Version/4.0 Chrome/100.0.4896.127 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.4.1-g",
	  "Mi Browser on Android", 14 },
	{ "Mozilla/5.0 (Linux; Android 10; LYA-L29; HMSCore 6.13) " KHTML
	  " Chrome/99.0.4844.88 HuaweiBrowser/14.0.2.311 Mobile Safari/537.36",
	  "Huawei Browser on Android", 14 },
	{ WINDOWS KHTML " Chrome/118.0.0.0 Whale/3.23.214.17 Safari/537.36", "Whale on Windows",
	  3 },
	{ "Mozilla/5.0 (Linux; Android 9; KFTRWI)" KHTML
	  " Silk/122.5.4 like Chrome/122.0.6261.140 Safari/537.36",
	  "Silk on Android", 122 },
	{ "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv)" KHTML
	  " Version/4.0 Chrome/124.0.6367.82 Mobile DuckDuckGo/5 Safari/537.36",
	  "DuckDuckGo on Android", 5 },
	{ MAC WEBKIT " Version/17.4.1 Safari/605.1.15 Ddg/17.4.1", "DuckDuckGo on macOS", 17 },
	{ MAC KHTML " Slack/4.37.101 Chrome/122.0.6261.156 Electron/29.3.0 Safari/537.36",
	  "a desktop app on macOS", 29 },
	/* Safari and its engine */
	{ MAC WEBKIT " Version/17.4.1 Safari/605.1.15", "Safari on macOS", 17 },
	{ IPHONE WEBKIT " Version/17.4.1 Mobile/15E148 Safari/604.1", "Safari on iPhone", 17 },
	{ IPAD WEBKIT " Version/16.6 Mobile/15E148 Safari/604.1", "Safari on iPad", 16 },
	{ "Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5_7 like Mac OS X)" WEBKIT
	  " Version/12.1.2 Mobile/15E148 Safari/604.1",
	  "Safari on iPod", 12 },
	{ IPHONE WEBKIT " GSA/313.0.624966198 Mobile/15E148 Safari/604.1",
	  "the Google app on iPhone", 313 },
	{ IPHONE WEBKIT " Mobile/15E148 [FBAN/FBIOS;FBAV/459.0.0.29.104;FBBV/588]",
	  "the Facebook app on iPhone", 459 },
	{ IPHONE WEBKIT " Mobile/15E148 Instagram 328.0.2.29.88 (iPhone14,5; iOS 17_4_1; de_DE)",
	  "the Instagram app on iPhone", 328 },
	{ IPHONE WEBKIT " Mobile/15E148 MicroMessenger/8.0.48(0x18003030) NetType/WIFI",
	  "the WeChat app on iPhone", 8 },
	{ IPHONE WEBKIT " Mobile/15E148", "an unknown browser on iPhone", 0 },
	{ DESKTOP_LINUX WEBKIT " Version/17.0 Safari/605.1.15", "an unknown browser on Linux", 0 },
	{ DESKTOP_LINUX WEBKIT " Version/13.0 Safari/605.1.15 Epiphany/605.1.15",
	  "GNOME Web on Linux", 605 },
	{ "Mozilla/5.0 (Linux; U; Android 4.0.3; de-de; GT-I9100 Build/IML74K) AppleWebKit/534.30 "
	  "(KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
	  "Android Browser on Android", 4 },
	/* Others */
	{ "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
	  "Internet Explorer on Windows", 11 },
	{ "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)",
	  "Internet Explorer on Windows", 9 },
	{ "Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0; ARM; Trident/7.0; rv:11.0) "
	  "like iPhone OS 7_0_3 Mac OS X AppleWebKit/537 (KHTML, like Gecko) Mobile Safari/537",
	  "Internet Explorer on Windows Phone", 11 },
	{ "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
	  "Firefox on KaiOS", 48 },
	{ "Mozilla/5.0 (PlayStation; PlayStation 5/8.00)" WEBKIT " Version/13.0 Safari/605.1.15",
	  "an unknown browser on PlayStation", 0 },
	{ "Mozilla/5.0 (Web0S; Linux/SmartTV)" KHTML " Chrome/94.0.4606.128 Safari/537.36",
	  "Chrome on webOS", 94 },
	{ "Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14.38 (like Gecko)",
	  "Konqueror on Linux", 4 },
	{ "Lynx/2.9.0dev.12 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.7.8", "Lynx", 2 },
	{ "w3m/0.5.3+git20230121", "w3m", 0 },
	{ "Links (2.28; Linux 6.1.0 x86_64; GNU C 12.2; text)", "Links on Linux", 0 },
	{ "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	  "a program (Googlebot)", 2 },
	/* Programs */
	{ "curl/7.88.1", "curl", 7 },
	{ "curl/8.5.0", "curl", 8 },
	{ "Wget/1.21.3", "Wget", 1 },
	{ "Wget/1.21.3 (linux-gnu)", "Wget on Linux", 1 },
	{ "HTTPie/3.2.1", "HTTPie", 3 },
	{ "PostmanRuntime/7.37.3", "Postman", 7 },
	{ "python-requests/2.28.1", "a program (python-requests)", 2 },
	{ "Python-urllib/3.11", "a program (Python-urllib)", 3 },
	{ "Python/3.11 aiohttp/3.9.3", "a program (Python)", 3 },
	{ "Go-http-client/1.1", "a program (Go-http-client)", 1 },
	{ "okhttp/4.12.0", "a program (okhttp)", 4 },
	{ "axios/1.6.8", "a program (axios)", 1 },
	{ "Java/17.0.10", "a program (Java)", 17 },
	{ "Apache-HttpClient/4.5.14 (Java/17.0.10)", "a program (Apache-HttpClient)", 4 },
	{ "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230901.001)",
	  "a program (Dalvik) on Android", 2 },
	{ "WordPress/6.5.2; https://www.example.org", "a program (WordPress)", 6 },
	{ "Ruby", "a program (Ruby)", 0 },
};

static void test_real_headers_are_named(void **state)
{
	size_t count = sizeof known / sizeof *known;
	assert_true(count >= 60);
	for (size_t i = 0; i < count; i++) {
		const char *text = device_text(*state, known[i].user_agent);
		if (strcmp(text, known[i].text) != 0)
			fail_msg("%s: \"%s\"", known[i].user_agent, text);
		int version = device_major_version(known[i].user_agent);
		if (version != known[i].version)
			fail_msg("%s: version %d", known[i].user_agent, version);
	}
}

static void test_browser_and_system_are_told_apart(void **state)
{
	struct device_name name = device_name(*state, WINDOWS CHROME " Safari/537.36");
	assert_string_equal(name.browser, "Chrome");
	assert_string_equal(name.system, "Windows");
	name = device_name(*state, "curl/8.5.0");
	assert_string_equal(name.browser, "curl");
	assert_null(name.system);
	name = device_name(*state, "Mozilla/5.0 (X11; Linux x86_64) Something/1.0");
	assert_string_equal(name.browser, "an unknown browser");
	assert_string_equal(name.system, "Linux");
}

static void test_nothing_hostile_is_repeated(void **state)
{
	static const char *const hostile[] = {
		NULL,
		"",
		" ",
		"/",
		"Mozilla",
		"Mozilla/5.0",
		"-",
		"<script>alert(1)</script>",
		"<b>okhttp</b>/1.0",
		"www.example.org/win",
		"https://www.example.org/",
		"Your session is over, go to example.org",
		"name with words/1.0",
		"a-product-name-longer-than-24/1.0",
		"caf\xc3\xa9/1.0",
		"\xe2\x80\xae"
		"evil/1.0",
		"\xff\xfe/1.0",
		"\x1b[31mred/1.0",
		"tool\n/1.0",
		"tool)/1.0",
		"%s%s%n/1.0",
		"a'b\"c/1.0",
	};
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
		assert_string_equal(device_text(*state, hostile[i]), "an unknown browser");
	assert_string_equal(device_text(*state, "Firefox/125.0 <script> on Windows 95 & more"),
			    "Firefox on Windows");
}

static void test_words_count_only_when_they_stand_alone(void **state)
{
	assert_string_equal(device_text(*state, "Mozilla/5.0 (Linuxoid) NotFirefox/1 Firefoxy/2"),
			    "an unknown browser");
	assert_string_equal(device_text(*state, "Mozilla/5.0 (X) NotFirefox/1 Firefox/2"),
			    "Firefox");
}

static void test_long_headers_are_read_to_a_limit(void **state)
{
	char text[5000];
	memset(text, 'x', sizeof text);
	memcpy(text, "Mozilla/5.0 ", 12);
	strcpy(text + sizeof text - 20, " Firefox/125.0");
	assert_string_equal(device_text(*state, text), "an unknown browser");
	strcpy(text + 500, " Firefox/125.0");
	assert_string_equal(device_text(*state, text), "Firefox");
}

static void test_odd_versions_are_none(void **state)
{
	(void)state;
	assert_int_equal(device_major_version(NULL), 0);
	assert_int_equal(device_major_version("curl"), 0);
	assert_int_equal(device_major_version("curl/"), 0);
	assert_int_equal(device_major_version("curl/x"), 0);
	assert_int_equal(device_major_version("curl/9999"), 9999);
	assert_int_equal(device_major_version("curl/10000"), 0);
	assert_int_equal(device_major_version("curl/99999999999999999999999"), 0);
	assert_int_equal(device_major_version("Firefox-125"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_real_headers_are_named),
		TEST(test_browser_and_system_are_told_apart),
		TEST(test_nothing_hostile_is_repeated),
		TEST(test_words_count_only_when_they_stand_alone),
		TEST(test_long_headers_are_read_to_a_limit),
		TEST(test_odd_versions_are_none),
	};
	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
