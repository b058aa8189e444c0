/* What is around the chat: the drawer of conversations on narrow screens, room for a phone's keyboard, and
 * keyboard shortcuts. */
const { byId, make, makeButton, prefersTouch } = gatehouse;

/* ---- The drawer ---- */

/* In this browser: something that is switched on, unless somebody switched it off. Storage can be switched
 * off; then it is on. */
const preference = (name) => ({
	get isOn() {
		try {
			return localStorage.getItem(name) !== "off";
		} catch { return true; }
	},
	set isOn(on) {
		try {
			localStorage.setItem(name, on ? "on" : "off");
		} catch { /* as it is by default */ }
	},
});

const drawerPreference = preference("gatehouse-drawer");
const shortcutsPreference = preference("gatehouse-shortcuts");

/* Beside the chat where there is room, to be folded away; where there is not, a dialog over it, which the
 * browser closes with Escape, keeps the focus in, and gives it back from. Without scripts it is always open
 * where there is room, and unfolds above the chat where there is not. */
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
		drawer.classList.toggle("folds", wide.matches);
		drawer.open = wide.matches && drawerPreference.isOn;
		drawer.hidden = !wide.matches;
		opener.hidden = wide.matches;
		(wide.matches ? drawer : sheet).append(content);
	}
	wide.addEventListener("change", place);
	drawer.addEventListener("toggle", () => {
		if (wide.matches)
			drawerPreference.isOn = drawer.open;
	});
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

/* In the drawer, too, where the screen is narrow or the list is folded away. */
function search() {
	const field = byId("search");
	const drawer = field?.closest(".drawer");
	if (drawer)
		drawer.open = true;
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
	if (!act || !shortcutsPreference.isOn || isTyping(target))
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
	choice.checked = shortcutsPreference.isOn;
	choice.addEventListener("change", () => { shortcutsPreference.isOn = choice.checked; });
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
