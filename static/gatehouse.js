/* What makes the pages nicer when scripts run, and what the scripts of single pages share with it, in
 * `gatehouse`. Every page works without this file. */
"use strict";

/* ---- Small helpers ---- */

const byId = (id) => document.getElementById(id);
const prefersTouch = () => matchMedia("(pointer: coarse)").matches;

function make(tag, className, text) {
	const element = document.createElement(tag);
	if (className)
		element.className = className;
	if (text)
		element.textContent = text;
	return element;
}

function makeButton(className, text, onClick) {
	const button = make("button", className, text);
	button.type = "button";
	button.addEventListener("click", onClick);
	return button;
}

function announce(text) {
	const announcer = byId("announcer");
	if (announcer)
		announcer.textContent = text;
}

/* What somebody typed and has not sent, for each conversation. It survives closing the tab, not signing
 * out; after a week, or when somebody else signs in here, it is thrown away. Storage can be switched off;
 * then nothing is kept. */
const drafts = {
	prefix: "gatehouse-draft:",
	days: 7,
	user: () => byId("composer")?.dataset.user ?? "",
	key(id) { return `${this.prefix}${this.user()}:${id}`; },
	read(id) {
		try {
			return JSON.parse(localStorage.getItem(this.key(id)))?.text ?? "";
		} catch { return ""; }
	},
	save(id, text) {
		try {
			if (text.trim())
				localStorage.setItem(this.key(id), JSON.stringify({ text, at: Date.now() }));
			else
				localStorage.removeItem(this.key(id));
		} catch { /* not kept */ }
	},
	drop(id) { this.save(id, ""); },
	clear(isOver = () => true) {
		try {
			Object.keys(localStorage)
				.filter((key) => key.startsWith(this.prefix) && isOver(key))
				.forEach((key) => localStorage.removeItem(key));
		} catch { /* there are none */ }
	},
	tidy() {
		const oldest = Date.now() - this.days * 86400e3;
		this.clear((key) => !key.startsWith(this.key(""))
			|| !(JSON.parse(localStorage.getItem(key))?.at > oldest));
	},
};

/* ---- Every page ---- */

function growWithText(box) {
	const fit = () => {
		box.style.height = "auto";
		box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
	};
	if (CSS.supports("field-sizing", "content"))
		return;
	box.addEventListener("input", fit);
	fit();
}

/* A button that says a word to the eye and a little more to the ear. */
function labelButton(button, word, more) {
	button.replaceChildren(word, make("span", "visually-hidden", ` ${more}`));
}

function offerToShow(password) {
	const row = make("div", "password-row");
	const button = makeButton("tool", "", () => {
		const hidden = password.type === "password";
		password.type = hidden ? "text" : "password";
		labelButton(button, hidden ? "Hide" : "Show", "password");
	});
	labelButton(button, "Show", "password");
	password.before(row);
	row.append(password, button);
	password.form.addEventListener("submit", () => { password.type = "password"; });
}

/* A slider says where it stands; without scripts it says where it stood when the page was made. */
function showSlider(slider) {
	const number = document.querySelector(`output[for="${slider.id}"]`);
	slider.addEventListener("input", () => { number.textContent = slider.value; });
}

function preparePage() {
	document.querySelectorAll(".slider input").forEach(showSlider);
	document.querySelectorAll("textarea.grows").forEach(growWithText);
	document.querySelectorAll("input[type=password]").forEach(offerToShow);
	document.querySelectorAll("[data-clears-drafts]").forEach((form) =>
		form.addEventListener("submit", () => drafts.clear()));
	document.querySelectorAll(".prose:not(#messages .prose)").forEach(finishProse);
	document.querySelectorAll("[data-copies]").forEach(offerToCopyField);
	byId("problem")?.focus();
}

/* How to send, and, when the text gets long, how much room is left. */
function countCharacters(composer, box, limit, enterSends) {
	const hint = byId("composer-hint");
	const how = prefersTouch() ? "" : enterSends
		? "Enter sends, Shift + Enter begins a new line." : "Shift + Enter sends, Enter begins a new line.";
	const show = () => {
		const left = limit - [...box.value].length;
		hint.textContent = left < 0 ? `${-left} characters too many.`
			: left < limit / 10 ? `${left} characters left.` : how;
		hint.hidden = !hint.textContent;
	};
	box.addEventListener("input", show);
	show();
}

/* ---- Copying ---- */

/* The text as it is seen, without the buttons in it. */
function readText(element) {
	const tools = element.querySelectorAll(".tool");
	tools.forEach((tool) => { tool.hidden = true; });
	const text = element.innerText.trim();
	tools.forEach((tool) => { tool.hidden = false; });
	return text;
}

function copyButton(what, source) {
	const button = makeButton("tool", "", async () => {
		try {
			await navigator.clipboard.writeText(source.value ?? readText(source));
			labelButton(button, "Copied", what);
			announce("Copied.");
		} catch {
			labelButton(button, "Could not copy", what);
		}
		setTimeout(() => labelButton(button, "Copy", what), 2000);
	});
	labelButton(button, "Copy", what);
	return button;
}

/* A table that is wider than the page is scrolled with the arrow keys. */
const widths = new ResizeObserver((entries) => entries.forEach(({ target: table }) => {
	if (table.scrollWidth > table.clientWidth)
		table.tabIndex = 0;
	else
		table.removeAttribute("tabindex");
}));

function finishProse(prose) {
	offerToCopyCode(prose);
	prose.querySelectorAll("table").forEach((table) => widths.observe(table));
}

function offerToCopyCode(prose) {
	if (!navigator.clipboard)
		return;
	prose.querySelectorAll("pre").forEach((code) => {
		const frame = make("div", "code");
		code.before(frame);
		frame.append(code, copyButton("this code", code));
	});
}

/* Below a field whose text is to be taken along. */
function offerToCopyField(hint) {
	if (navigator.clipboard)
		hint.append(" ", copyButton("the link", byId(hint.dataset.copies)));
}

/* Beside an answer. */
function offerToCopy(item) {
	const prose = item.querySelector(".prose");
	const tools = item.querySelector("div.message-tools");
	if (!navigator.clipboard || !prose || !tools)
		return;
	const button = copyButton("this answer", prose);
	button.dataset.tool = "copy";
	tools.prepend(button);
}

function copyLatest() {
	const buttons = document.querySelectorAll('#messages [data-tool="copy"]');
	[...buttons].at(-1)?.click();
}

preparePage();

/* For the scripts of single pages. Those are modules, which keep their own names to themselves. */
const gatehouse = {
	announce, byId, copyLatest, countCharacters, drafts, finishProse, growWithText, make, makeButton, offerToCopy, prefersTouch,
	readText,
};
