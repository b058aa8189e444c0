/* What can be done with the messages of a conversation without loading the page: copying, editing, rating,
 * another try, other versions. The forms and links behind it work without scripts. */
const { announce, byId, finishProse, growWithText, make, makeButton, offerToCopy } = gatehouse;

/* ---- The messages as the server has them ---- */

/* What the server sent for each message; what is still the same stays where it is, with its focus. */
const sent = new WeakMap();
const asSent = (item) => item.outerHTML.replace(/(name="csrfmiddlewaretoken" value=)"[^"]*"/g, "$1");

/* A message that has just come from the server. */
function adopt(item) {
	sent.set(item, asSent(item));
	item.querySelectorAll(".prose").forEach(finishProse);
	item.querySelectorAll("textarea.grows").forEach(growWithText);
	if (item.matches(".message-answer:not(#growing)"))
		offerToCopy(item);
}

/* The focus goes to the same tool of the message that is now in the same place. */
function keepFocus(list, change) {
	const active = document.activeElement;
	const at = [...list.children].findIndex((item) => item.contains(active));
	change();
	if (at < 0 || list.contains(active))
		return;
	const item = list.children[at] ?? list.lastElementChild;
	const tool = active.dataset.tool ?? "copy";
	(item?.querySelector(`[data-tool="${tool}"]`) ?? item?.querySelector(".tool"))?.focus();
}

function put(list, items) {
	const wanted = new Set(items);
	[...list.children].filter((item) => !wanted.has(item)).forEach((item) => item.remove());
	items.forEach((item, at) => {
		if (list.children[at] !== item)
			list.insertBefore(item, list.children[at] ?? null);
	});
}

/* Earlier messages that the reader has scrolled to: the server's page does not go back so far. */
function loadedAbove(list, fresh) {
	const first = [...fresh.children].find((item) => item.dataset.id)?.dataset.id;
	const items = [...list.children];
	return items.slice(0, Math.max(0, items.findIndex((item) => first && item.dataset.id === first)));
}

function showMessages(fresh) {
	const list = byId("messages");
	const known = new Map([...list.children].map((item) => [item.dataset.id ?? item.id, item]));
	const items = [...fresh.children].map((item) => {
		const old = known.get(item.dataset.id ?? item.id);
		if (old && (item.id === "growing" || sent.get(old) === asSent(item)))
			return old;
		adopt(item);
		return item;
	});
	const above = loadedAbove(list, fresh);
	keepFocus(list, () => put(list, above.length
		? [...above, ...items.filter((item) => !item.matches(".earlier"))] : items));
}

/* Show the conversation as the server has it: versions, Retry, how an answer ended. False: it did not come. */
gatehouse.refreshMessages = async (page) => {
	let fresh;
	try {
		const response = await fetch(page, { headers: { "Accept": "text/html" } });
		fresh = new DOMParser().parseFromString(await response.text(), "text/html");
	} catch { /* the network is away */ }
	if (!fresh?.getElementById("messages"))
		return false;
	showMessages(fresh.getElementById("messages"));
	["conversations", "talk-head"].forEach((id) => {
		const now = fresh.getElementById(id);
		if (now && byId(id))
			byId(id).replaceChildren(...now.childNodes);
	});
	document.title = fresh.title;
	return true;
};

/* A sentence below a message, in the place of an earlier one. */
gatehouse.showNote = (item, sentence) => {
	item.querySelector(".message-note[data-said]")?.remove();
	const note = make("p", "message-note", `${sentence} `);
	note.dataset.said = "";
	item.append(note);
	announce(sentence);
	return note;
};

/* ---- Rating, another try, other versions ---- */

/* The thanks, and for an answer that was not good the place to say why. */
function thank(item, fields) {
	announce(fields.get("rating") === "0" ? "Taken back." : "Thank you.");
	const why = item?.querySelector("details.why");
	if (why && fields.get("rating") === "-1" && !fields.get("note")) {
		why.open = true;
		why.scrollIntoView({ block: "nearest" });
	}
}

async function act(form, submitter) {
	const fields = new FormData(form, submitter);
	const item = form.closest("li");
	const at = [...item.parentNode.children].indexOf(item);
	const chat = gatehouse.chat;
	if (chat.isRunning() && fields.get("action") !== "rate") {
		gatehouse.showNote(item, "An answer is still being written. Wait for it, or stop it.");
		return;
	}
	const { reply, problem } = await chat.post(form.getAttribute("action"), new URLSearchParams(fields));
	if (problem) {
		gatehouse.showNote(item, problem.message ?? "That did not work.");
	} else if (reply.answer) {
		chat.answerAgain(item, reply.answer);
	} else {
		await gatehouse.refreshMessages(chat.page());
		if (fields.get("action") === "rate")
			thank(byId("messages").children[at], fields);
	}
}

/* ---- Editing ---- */

function stopEditing(item, form) {
	form.remove();
	item.classList.remove("is-editing");
	item.querySelector(".tool[data-edit]")?.focus();
}

function editForm(item) {
	const form = make("form", "edit-form");
	const id = `edit-${item.dataset.id}`;
	const label = make("label", "visually-hidden", "Edit your message");
	const box = make("textarea", "form-control grows");
	const hint = make("p", "form-text", "You get a new answer. What is here now stays as another version.");
	const send = make("button", "btn btn-primary btn-sm", "Send");
	const buttons = make("div", "actions");
	const more = make("a", "tool", "Save only or delete");
	const cancel = makeButton("btn btn-outline-secondary btn-sm", "Cancel", () => stopEditing(item, form));
	form.noValidate = true;
	box.id = label.htmlFor = id;
	hint.id = `${id}-hint`;
	box.setAttribute("aria-describedby", hint.id);
	box.value = item.querySelector(".bubble").textContent;
	more.href = item.querySelector("[data-edit]").href;
	buttons.append(send, cancel, more);
	form.append(label, box, hint, buttons);
	box.addEventListener("keydown", (event) => gatehouse.chat.sendOnEnter(event, form));
	form.addEventListener("keydown", (event) => {
		if (event.key !== "Escape" || event.isComposing)
			return;
		event.stopPropagation(); /* it does not also stop an answer */
		stopEditing(item, form);
	});
	return form;
}

function edit(item) {
	if (item.querySelector(".edit-form"))
		return;
	const form = editForm(item);
	const box = form.querySelector("textarea");
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		event.stopPropagation();
		const sentence = gatehouse.chat.problemOf(box.value);
		if (sentence) {
			gatehouse.showNote(form, sentence);
			box.focus();
			return;
		}
		gatehouse.chat.ask(box.value.trim(), { parent: item.dataset.parent, instead: item });
	});
	item.classList.add("is-editing");
	item.querySelector(".bubble").after(form);
	growWithText(box);
	box.focus();
	box.setSelectionRange(box.value.length, box.value.length);
}

/* ---- All of it ---- */

function startMessages(list) {
	[...list.children].forEach(adopt);
	list.addEventListener("submit", (event) => {
		if (!gatehouse.chat)
			return; /* a conversation that has ended */
		event.preventDefault();
		act(event.target, event.submitter);
	});
	list.addEventListener("click", (event) => {
		const link = event.target.closest(".tool[data-edit]");
		if (!link || !gatehouse.chat || event.ctrlKey || event.metaKey || event.shiftKey)
			return;
		event.preventDefault();
		edit(link.closest("li"));
	});
}

/* Earlier ones, as conversations.js has put them above. */
document.addEventListener("messages-added", ({ detail }) => detail.forEach(adopt));

if (byId("messages"))
	startMessages(byId("messages"));
