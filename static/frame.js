/* What is around the chat: the drawer of conversations on narrow screens, room for a phone's keyboard, and
 * keyboard shortcuts. */
const { byId, make, makeButton, prefersTouch } = gatehouse;

/* ---- The drawer ---- */

/* Beside the chat where there is room; where there is not, a dialog over it, which the browser closes with
 * Escape, keeps the focus in, and gives it back from. Without scripts it unfolds above the chat. */
function startDrawer(drawer) {
	const content = drawer.querySelector("nav");
	const sheet = make("dialog", "drawer-sheet");
	const opener = makeButton("drawer-open", "Conversations", () => sheet.showModal());
	const closer = makeButton("tool drawer-close", "Close", () => sheet.close());
	const wide = matchMedia("(min-width: 62rem)");
	opener.setAttribute("aria-haspopup", "dialog");
	sheet.setAttribute("aria-label", "Conversations");
	sheet.append(closer);
	sheet.addEventListener("click", (event) => {
		if (event.target === sheet)
			sheet.close(); /* beside it */
	});
	drawer.after(opener, sheet);
	function place() {
		sheet.close();
		drawer.open = wide.matches;
		drawer.hidden = !wide.matches;
		opener.hidden = wide.matches;
		(wide.matches ? drawer : sheet).append(content);
	}
	wide.addEventListener("change", place);
	place();
}

/* ---- The keyboard of a phone ---- */

/* Where the page does not shrink for it (the layout asks for that, some browsers do not know how), what
 * sticks to the bottom is lifted above it. */
function makeRoomForKeyboard() {
	const seen = window.visualViewport;
	if (!seen)
		return;
	const lift = () => {
		const hidden = seen.scale > 1.01 ? 0 : innerHeight - seen.height - seen.offsetTop;
		document.documentElement.style.setProperty("--keyboard", `${Math.max(0, Math.round(hidden))}px`);
	};
	seen.addEventListener("resize", lift);
	seen.addEventListener("scroll", lift);
}

/* ---- Shortcuts ---- */

const preference = {
	name: "gatehouse-shortcuts",
	get isOn() {
		try {
			return localStorage.getItem(this.name) !== "off";
		} catch { return true; }
	},
	set isOn(on) {
		try {
			localStorage.setItem(this.name, on ? "on" : "off");
		} catch { /* as it is by default */ }
	},
};

/* In the drawer, too, where the screen is narrow. */
function search() {
	const field = byId("search");
	if (field?.closest("dialog:not([open])"))
		document.querySelector(".drawer-open").click();
	field?.focus();
}

/* What each key does; the list that people see is templates/partials/shortcuts.html. */
const shortcuts = {
	"?": () => byId("shortcuts").showModal(),
	"n": () => location.assign(byId("composer")?.dataset.page ?? document.querySelector(".drawer a, .drawer-sheet a").href),
	"m": () => byId("message")?.focus(),
	"/": search,
	"c": () => gatehouse.copyLatest(),
};

const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");

/* Letters are never taken from somebody who types, nor from a dialog, nor together with another key;
 * Escape stops an answer also from the message box. */
function press(event) {
	const { key, target } = event;
	if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey
		|| document.querySelector("dialog[open]"))
		return;
	if (key === "Escape") {
		gatehouse.chat?.stop();
		return;
	}
	const act = shortcuts[key.toLowerCase()];
	if (!act || !preference.isOn || isTyping(target))
		return;
	event.preventDefault();
	act();
}

/* The button that shows the list; a page that is replaced has another one. */
gatehouse.offerShortcuts = () => {
	const opener = byId("show-shortcuts");
	if (opener)
		opener.hidden = prefersTouch();
};

function startShortcuts(list) {
	const choice = byId("use-shortcuts");
	document.addEventListener("keydown", press);
	choice.checked = preference.isOn;
	choice.addEventListener("change", () => { preference.isOn = choice.checked; });
	byId("shortcut-search").hidden = !byId("search");
	list.addEventListener("click", (event) => {
		if (event.target === list)
			list.close();
	});
	document.addEventListener("click", (event) => {
		if (event.target.closest("#show-shortcuts"))
			list.showModal();
	});
	gatehouse.offerShortcuts();
}

document.querySelectorAll(".drawer").forEach(startDrawer);
makeRoomForKeyboard();
if (byId("shortcuts"))
	startShortcuts(byId("shortcuts"));
