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

/* Storage can be switched off; then drafts are simply not kept. */
const drafts = {
	key: (id) => `draft:${byId("composer")?.dataset.user ?? ""}:${id}`,
	load(id) {
		try { return sessionStorage.getItem(this.key(id)) ?? ""; } catch { return ""; }
	},
	save(id, text) {
		try {
			if (text)
				sessionStorage.setItem(this.key(id), text);
			else
				sessionStorage.removeItem(this.key(id));
		} catch { /* not kept */ }
	},
	clear() {
		try { sessionStorage.clear(); } catch { /* there are none */ }
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

function offerToShow(password) {
	const row = make("div", "password-row");
	const button = makeButton("tool", "Show", () => {
		const hidden = password.type === "password";
		password.type = hidden ? "text" : "password";
		button.textContent = hidden ? "Hide" : "Show";
		button.setAttribute("aria-pressed", String(hidden));
	});
	button.setAttribute("aria-label", "Show password");
	button.setAttribute("aria-pressed", "false");
	password.before(row);
	row.append(password, button);
	password.form.addEventListener("submit", () => { password.type = "password"; });
}

function preparePage() {
	document.querySelectorAll("textarea.grows").forEach(growWithText);
	document.querySelectorAll("input[type=password]").forEach(offerToShow);
	document.querySelectorAll("[data-clears-drafts]").forEach((form) =>
		form.addEventListener("submit", () => drafts.clear()));
	document.querySelectorAll(".prose").forEach(offerToCopyCode);
	byId("problem")?.focus();
}

/* ---- Copying ---- */

function copyButton(label, source) {
	const button = makeButton("tool", "Copy", async () => {
		try {
			await navigator.clipboard.writeText(source.innerText.trim());
			button.textContent = "Copied";
			announce("Copied.");
		} catch {
			button.textContent = "Could not copy";
		}
		setTimeout(() => { button.textContent = "Copy"; }, 2000);
	});
	button.title = label;
	return button;
}

function offerToCopyCode(prose) {
	if (!navigator.clipboard)
		return;
	prose.querySelectorAll("pre").forEach((code) => {
		const frame = make("div", "code");
		code.before(frame);
		frame.append(code, copyButton("Copy this code", code));
	});
}

function offerToCopyAnswer(item) {
	if (!navigator.clipboard)
		return;
	const tools = make("div", "message-tools");
	tools.append(copyButton("Copy this answer", item.querySelector(".prose")));
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
	offerToCopyCode(prose);
	offerToCopyAnswer(item);
	return item;
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
	box.toggleAttribute("aria-invalid", Boolean(sentence));
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

	function settleFocus() {
		if (!prefersTouch())
			box.focus({ preventScroll: true });
	}

	function keepPlace(reply) {
		const page = `${composer.dataset.page}?session_id=${encodeURIComponent(reply.session_id)}`;
		document.querySelectorAll("[name=session_id]").forEach((field) => {
			field.value = reply.session_id;
		});
		history.replaceState(null, "", page);
	}

	/* What can be done about a message that got no answer. */
	function addNote(question, sentence, problem, text) {
		const note = make("p", "message-note", `${sentence} `);
		question.classList.add("message-failed");
		question.append(note);
		if (problem.error === "authentication_required" || problem.error === "session_expired") {
			const link = make("a", "", "Sign in again");
			const here = location.pathname + location.search;
			link.href = `${composer.dataset.signIn}?next=${encodeURIComponent(here)}`;
			note.append(link);
			drafts.save(conversation(), text);
		} else if (problem.error === "conflict") {
			const link = make("a", "", "Start a new conversation");
			link.href = composer.dataset.page;
			note.append(link);
			drafts.save("", text);
		} else if (problem.error === "csrf_failed") {
			drafts.save(conversation(), text);
			note.append(makeButton("tool", "Load the page again", () => location.reload()));
		} else {
			note.append(makeButton("tool", "Try again", () => {
				question.remove();
				ask(text);
			}));
		}
		announce(sentence);
	}

	function showAnswer(question, reply) {
		const follow = isAtEnd();
		const answers = reply.messages.filter((message) => message.role !== "user");
		const items = answers.map(addAnswer);
		keepPlace(reply);
		drafts.save(conversation(), "");
		moveLatest(items.at(-1) ?? question);
		if (follow)
			question.scrollIntoView({ block: "start" });
		announce(`Answer: ${items.map((item) => item.querySelector(".prose").innerText).join(" ")}`);
	}

	async function ask(text) {
		const id = conversation();
		const controller = new AbortController();
		byId("opening")?.remove();
		byId("problem")?.remove();
		showFieldError(composer, "");
		const question = addQuestion(text);
		const thinking = addItem("message-answer", "Answer");
		thinking.append(make("p", "thinking", "Gatehouse is thinking"));
		thinking.scrollIntoView({ block: "end" });
		setRunning(controller);
		announce("Gatehouse is thinking.");
		settleFocus();

		const { reply, problem, stopped } = await send(composer, text, controller.signal);
		thinking.remove();
		setRunning(null);
		if (reply) {
			showAnswer(question, reply);
		} else if (stopped) {
			addNote(question, "Stopped.", {}, text);
		} else if (problem.fields?.message && !box.value) {
			question.remove();
			box.value = text;
			box.dispatchEvent(new Event("input"));
			showFieldError(composer, problem.fields.message);
		} else {
			addNote(question, problem.message ?? "That did not work.", problem, text);
		}
		if (id === conversation())
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
	box.value = box.value || drafts.load(conversation());
	countCharacters(composer, box);
	growWithText(box);
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
