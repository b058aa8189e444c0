/* What makes the pages nicer when scripts run. Every page works without this file. */
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

/* What somebody typed and could not send, until this window is closed or they sign out. Storage can
 * be switched off; then drafts are simply not kept. */
const drafts = {
	prefix: "gatehouse-draft:",
	key(id) { return `${this.prefix}${byId("composer")?.dataset.user ?? ""}:${id}`; },
	take(id) {
		try {
			const text = sessionStorage.getItem(this.key(id)) ?? "";
			sessionStorage.removeItem(this.key(id));
			return text;
		} catch { return ""; }
	},
	save(id, text) {
		try {
			sessionStorage.setItem(this.key(id), text);
		} catch { /* not kept */ }
	},
	clear() {
		try {
			Object.keys(sessionStorage)
				.filter((key) => key.startsWith(this.prefix))
				.forEach((key) => sessionStorage.removeItem(key));
		} catch { /* there are none */ }
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

function preparePage() {
	document.querySelectorAll("textarea.grows").forEach(growWithText);
	document.querySelectorAll("input[type=password]").forEach(offerToShow);
	document.querySelectorAll("[data-clears-drafts]").forEach((form) =>
		form.addEventListener("submit", () => drafts.clear()));
	document.querySelectorAll(".prose").forEach(finishProse);
	byId("problem")?.focus();
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
			await navigator.clipboard.writeText(readText(source));
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

function offerToCopyAnswer(item) {
	if (!navigator.clipboard)
		return;
	const tools = make("div", "message-tools");
	tools.append(copyButton("this answer", item.querySelector(".prose")));
	item.append(tools);
}

/* ---- Chat: what is on the page ---- */

function announce(text) {
	const announcer = byId("announcer");
	if (announcer)
		announcer.textContent = text;
}

function addItem(className, heading) {
	const item = make("li", `message ${className}`);
	item.append(make("h2", "visually-hidden", heading));
	byId("messages").append(item);
	return item;
}

function addQuestion(text) {
	const item = addItem("message-person", "You");
	item.append(make("p", "bubble", text));
	return item;
}

function addAnswer(message) {
	const item = addItem("message-answer", "Answer");
	const prose = make("div", "prose");
	prose.innerHTML = message.html; /* made safe by the server's web/markdown.c */
	item.append(prose);
	finishProse(prose);
	offerToCopyAnswer(item);
	return item;
}

function addConversation(page) {
	const item = make("li");
	const link = make("a", "conversation");
	link.href = page;
	link.setAttribute("aria-current", "page");
	link.append(make("span", "conversation-title"), make("span", "conversation-about", "just now"));
	item.append(link);
	byId("conversations").prepend(item);
}

/* Its first question gives a conversation its name. */
function nameConversation(question) {
	const name = question.replace(/\s+/g, " ").slice(0, 80);
	const entry = document.querySelector("#conversations [aria-current] .conversation-title");
	document.title = document.title.replace(byId("title").textContent, () => name);
	byId("title").textContent = name;
	if (entry)
		entry.textContent = name;
}

function moveLatest(item) {
	byId("latest")?.removeAttribute("id");
	item.id = "latest";
}

function isAtEnd() {
	const page = document.documentElement;
	return page.scrollHeight - page.clientHeight - scrollY < 160;
}

function showFieldError(composer, sentence) {
	const box = composer.elements.message;
	byId("message-error")?.remove();
	box.classList.toggle("is-invalid", Boolean(sentence));
	box.removeAttribute("aria-invalid");
	box.removeAttribute("aria-describedby");
	if (!sentence)
		return;
	const error = make("p", "field-error", sentence);
	error.id = "message-error";
	composer.querySelector(".composer-box").after(error);
	box.setAttribute("aria-invalid", "true");
	box.setAttribute("aria-describedby", error.id);
	announce(sentence);
}

/* ---- Chat: sending ---- */

/* What happened to a message: { reply } or { problem: { error, message, … } } or { stopped }. */
async function send(composer, text, signal) {
	const fields = composer.elements;
	try {
		const response = await fetch(composer.dataset.api, {
			method: "POST",
			signal,
			headers: {
				"Accept": "application/json",
				"Content-Type": "application/json",
				"X-CSRFToken": fields.csrfmiddlewaretoken.value,
			},
			body: JSON.stringify({
				session_id: fields.session_id.value,
				country: fields.country.value,
				service_type: fields.service_type.value,
				message: text,
			}),
		});
		const reply = await response.json();
		return response.ok ? { reply } : { problem: reply };
	} catch {
		if (signal.aborted)
			return { stopped: true };
		return { problem: { message: "The answer did not arrive. Check your connection and try again." } };
	}
}

function startChat(composer) {
	const box = composer.elements.message;
	const sendButton = byId("send");
	const stopButton = byId("stop");
	let running = null; /* the AbortController while an answer is awaited */

	const conversation = () => composer.elements.session_id.value;

	function setRunning(controller) {
		running = controller;
		sendButton.hidden = Boolean(controller);
		stopButton.hidden = !controller;
		byId("messages").setAttribute("aria-busy", String(Boolean(controller)));
	}

	/* Back to the box, unless the reader has gone elsewhere or a keyboard would cover the page. */
	function settleFocus() {
		const active = document.activeElement;
		if (!prefersTouch() && (active === document.body || composer.contains(active)))
			box.focus({ preventScroll: true });
	}

	/* A new conversation has got its number: from here on, the page is that of this one. */
	function keepPlace(reply) {
		if (reply.session_id === conversation())
			return;
		const page = `${composer.dataset.page}?session_id=${encodeURIComponent(reply.session_id)}`;
		composer.elements.session_id.value = reply.session_id;
		history.replaceState(null, "", page);
		addConversation(page);
	}

	/* What can be done about a message that got no answer. */
	function addNote(question, sentence, problem, text, follow) {
		const note = make("p", "message-note", `${sentence} `);
		question.classList.add("message-failed");
		question.append(note);
		announce(sentence);
		if (problem.error === "authentication_required" || problem.error === "session_expired") {
			const link = make("a", "", "Sign in again");
			const here = location.pathname + location.search;
			note.append("Your message is kept. ");
			link.href = `${problem.login_url}?next=${encodeURIComponent(here)}`;
			note.append(link);
			drafts.save(conversation(), text);
		} else if (problem.error === "conflict") {
			const link = make("a", "", "Start a new conversation");
			link.href = composer.dataset.page;
			note.append(link);
			drafts.save("", text);
		} else if (problem.error === "csrf_failed") {
			drafts.save(conversation(), text);
			note.append("Your message is kept. ");
			note.append(makeButton("tool", "Load the page again", () => location.reload()));
		} else {
			note.append(makeButton("tool", "Try again", () => {
				if (running)
					return;
				question.remove();
				ask(text);
			}));
		}
		if (follow)
			note.scrollIntoView({ block: "nearest" });
	}

	function showAnswer(question, reply, text, follow) {
		const isFirst = !document.querySelector(".message-answer");
		const answers = reply.messages.filter((message) => !message.by_person);
		const items = answers.map(addAnswer);
		keepPlace(reply);
		if (isFirst)
			nameConversation(text);
		moveLatest(items.at(-1) ?? question);
		if (follow)
			question.scrollIntoView({ block: "start" });
		announce(`Answer: ${items.map((item) => readText(item.querySelector(".prose"))).join(" ")}`);
	}

	async function ask(text) {
		const controller = new AbortController();
		byId("opening")?.remove();
		byId("problem")?.remove();
		showFieldError(composer, "");
		const question = addQuestion(text);
		const thinking = addItem("message-answer", "Answer");
		const words = `${composer.dataset.site} is thinking`;
		thinking.append(make("p", "thinking", words));
		thinking.scrollIntoView({ block: "end" });
		setRunning(controller);
		announce(words);
		settleFocus();

		const { reply, problem, stopped } = await send(composer, text, controller.signal);
		const follow = isAtEnd(); /* or has the reader gone elsewhere in the meantime? */
		thinking.remove();
		setRunning(null);
		if (reply) {
			showAnswer(question, reply, text, follow);
		} else if (stopped) {
			addNote(question, "Stopped.", {}, text, follow);
		} else if (problem.fields?.message && !box.value) {
			question.remove();
			box.value = text;
			box.dispatchEvent(new Event("input"));
			showFieldError(composer, problem.fields.message);
		} else {
			const sentence = problem.fields?.message ?? problem.message ?? "That did not work.";
			addNote(question, sentence, problem, text, follow);
		}
		settleFocus();
	}

	function submit(event) {
		event.preventDefault();
		if (running)
			return;
		const suggestion = event.submitter?.name === "message" ? event.submitter.value : null;
		const text = (suggestion ?? box.value).trim();
		if (!text) {
			showFieldError(composer, "Write a message first.");
			box.focus();
			return;
		}
		if (suggestion === null) {
			box.value = "";
			box.dispatchEvent(new Event("input"));
		}
		ask(text);
	}

	document.querySelectorAll("form[data-sends]").forEach((form) =>
		form.addEventListener("submit", submit));
	stopButton.addEventListener("click", () => running?.abort());
	box.addEventListener("keydown", (event) => {
		if (event.key !== "Enter" || event.shiftKey || event.isComposing || prefersTouch())
			return;
		event.preventDefault();
		if (!running)
			composer.requestSubmit();
	});
	box.value = box.value || drafts.take(conversation());
	countCharacters(composer, box);
	box.dispatchEvent(new Event("input"));
	if (!byId("problem"))
		settleFocus();
}

/* How to send, and, when the text gets long, how much room is left. */
function countCharacters(composer, box) {
	const hint = byId("composer-hint");
	const limit = Number(composer.dataset.limit);
	const how = prefersTouch() ? "" : "Enter sends, Shift + Enter begins a new line.";
	const show = () => {
		const left = limit - [...box.value].length;
		hint.textContent = left < 0 ? `${-left} characters too many.`
			: left < limit / 10 ? `${left} characters left.` : how;
		hint.hidden = !hint.textContent;
	};
	box.addEventListener("input", show);
	show();
}

/* Beside the chat where there is room, a drawer above it where there is not. */
function placeDrawer(drawer) {
	const wide = matchMedia("(min-width: 62rem)");
	const place = () => { drawer.open = wide.matches; };
	wide.addEventListener("change", place);
	place();
}

preparePage();
document.querySelectorAll(".drawer").forEach(placeDrawer);
document.querySelectorAll("li.message-answer").forEach(offerToCopyAnswer);
if (byId("composer"))
	startChat(byId("composer"));
