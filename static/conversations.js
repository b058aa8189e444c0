/* Conversations beside the chat, and earlier messages, without loading the page. Everything here is a
 * link or a form that works without this file. */
const { announce: say, byId, make } = gatehouse;

const chatPage = () => byId("acts")?.getAttribute("action").replace(/conversations\/[^/]*$/, "") ?? "";
const api = () => chatPage().replace(/chat\/$/, "api/conversations");

async function getJson(address, options = {}) {
	const response = await fetch(address, {
		...options,
		headers: { "Accept": "application/json", ...options.headers },
	});
	if (!response.ok)
		throw new Error(String(response.status));
	return response.json();
}

/* ---- Earlier messages ---- */

/* The page before this one, as the server makes it, is put above what is shown; the reader stays
 * where they are. */
async function loadEarlier(item) {
	const link = item.querySelector("a");
	item.setAttribute("aria-busy", "true");
	const response = await fetch(link.href, { headers: { "Accept": "text/html" } });
	if (!response.ok)
		throw new Error(String(response.status));
	const page = new DOMParser().parseFromString(await response.text(), "text/html");
	const items = [...page.querySelectorAll("#messages > li")];
	if (!item.isConnected)
		return; /* the list was made anew meanwhile */
	items.forEach((one) => {
		if (one.id === "latest")
			one.removeAttribute("id");
	});
	const below = item.nextElementSibling;
	const top = below.getBoundingClientRect().top;
	item.replaceWith(...items);
	const shown = items.filter((one) => one.matches(".message"));
	document.dispatchEvent(new CustomEvent("messages-added", { detail: shown }));
	scrollBy({ top: below.getBoundingClientRect().top - top, behavior: "instant" });
	if (document.activeElement === document.body && link.dataset.pressed)
		shown.at(-1)?.querySelector("a, button")?.focus({ preventScroll: true });
	say(`${shown.length} earlier messages are above.`);
}

function watchEarlier(messages) {
	const near = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
		if (isIntersecting && scrolled)
			start(target);
	}), { rootMargin: "600px 0px 0px" });
	let scrolled = false;
	const start = (item) => {
		if (item.hasAttribute("aria-busy"))
			return;
		near.unobserve(item);
		/* The link stays for who wants to try again. */
		loadEarlier(item).catch(() => item.removeAttribute("aria-busy"));
	};
	const find = () => messages.querySelectorAll(".earlier:not([aria-busy])").forEach((item) => {
		near.unobserve(item);
		near.observe(item);
	});
	/* Not before somebody moves: a page that has just come is at its top. */
	addEventListener("scroll", () => {
		if (!scrolled) {
			scrolled = true;
			find();
		}
	}, { passive: true });
	messages.addEventListener("click", (event) => {
		const item = event.target.closest(".earlier");
		if (!item || event.ctrlKey || event.metaKey || event.shiftKey)
			return;
		event.preventDefault();
		item.querySelector("a").dataset.pressed = "";
		start(item);
	});
	new MutationObserver(find).observe(messages, { childList: true });
	find();
}

/* ---- The list beside the chat ---- */

function actButton(id, action, words) {
	const button = make("button", "tool", words);
	Object.assign(button, { type: "submit", name: "action", value: action });
	button.setAttribute("form", "acts");
	button.setAttribute("formaction", `${chatPage()}conversations/${id}`);
	return button;
}

/* As partials/conversation_entry.html. */
function entry(conversation) {
	const item = make("li");
	const link = make("a", "conversation");
	const about = make("span", "conversation-about");
	link.href = `${chatPage()}?session_id=${conversation.id}`;
	if (conversation.message_id)
		link.href += `&at=${conversation.message_id}#m${conversation.message_id}`;
	if (conversation.about)
		about.append(make("span", "conversation-matter", conversation.about), " ");
	about.append(make("span", "conversation-age", conversation.age));
	link.append(make("span", "conversation-title", conversation.title), about);
	const acts = make("details", "acts");
	const summary = make("summary");
	const rename = make("a", "tool", "Rename");
	const buttons = make("div");
	acts.setAttribute("name", "acts");
	summary.title = "Manage";
	summary.append(make("span", "visually-hidden", `Manage ${conversation.title}`));
	rename.href = `${chatPage()}conversations/${conversation.id}`;
	buttons.append(
		actButton(conversation.id, conversation.is_pinned ? "unpin" : "pin", conversation.is_pinned ? "Unpin" : "Pin"),
		rename, actButton(conversation.id, "archive", "Archive"), actButton(conversation.id, "delete", "Delete"));
	acts.append(summary, buttons);
	item.append(link, acts);
	return item;
}

/* `search`: the query of a search, "" for the list. */
const further = (search, after) => `${search ? `${search}&` : ""}${new URLSearchParams({ after })}`;

function moreItem(search, after) {
	const item = make("li", "more-conversations");
	const link = make("a", "tool", "Show more");
	link.href = `${chatPage()}conversations?${further(search, after)}`;
	link.dataset.after = after;
	item.append(link);
	return item;
}

function appendEntries(list, search, found) {
	const entries = found.conversations
		.filter((one) => search || !one.is_pinned)
		.map(entry);
	list.append(...entries);
	if (found.next)
		list.append(moreItem(search, found.next));
	return entries;
}

async function showMore(item) {
	const list = item.parentElement;
	const search = list.dataset.search ?? "";
	const found = await getJson(`${api()}?${further(search, item.querySelector("a").dataset.after)}`);
	if (!item.isConnected)
		return;
	item.remove();
	appendEntries(list, search, found)[0]?.querySelector("a").focus();
}

const counted = (number) => (number === 1 ? "1 conversation found." : `${number} conversations found.`);

/* What the form asks for: "" when nothing is filled in. */
function searchOf(form) {
	const filled = [...new FormData(form)].map(([name, text]) => [name, text.trim()]).filter(([, text]) => text);
	return new URLSearchParams(filled).toString();
}

/* Results take the place of the list while there are words in the box, or a filter is set. */
function findWhileTyping(form) {
	const list = byId("conversations");
	const results = make("ul", "conversations");
	const none = make("p", "drawer-foot", "Nothing was found.");
	const others = () => document.querySelectorAll("#pinned, .drawer-head, #conversations");
	let asked = 0;
	results.id = "found";
	results.hidden = none.hidden = true;
	list.after(results, none);
	form.classList.add("finds-while-typing");
	async function find() {
		const search = searchOf(form);
		const turn = ++asked;
		if (!search) {
			results.hidden = none.hidden = true;
			others().forEach((part) => { part.hidden = false; });
			return;
		}
		const found = await getJson(`${api()}?${search}`).catch(() => null);
		if (turn !== asked || !found)
			return;
		results.replaceChildren();
		results.dataset.search = search;
		appendEntries(results, search, found);
		others().forEach((part) => { part.hidden = true; });
		results.hidden = !found.conversations.length;
		none.hidden = !results.hidden;
		say(results.hidden ? "Nothing was found." : counted(found.conversations.length));
	}
	let pause = 0;
	const findSoon = () => {
		clearTimeout(pause);
		pause = setTimeout(find, 250);
	};
	form.addEventListener("input", findSoon);
	form.addEventListener("change", findSoon);
}

/* "Deleted. Undo" in the place where it was; the page that follows forgets it. */
function offerUndo(item, id) {
	const place = make("li", "undo");
	place.append(make("span", "", "Deleted."), actButton(id, "restore", "Undo"));
	item.replaceWith(place);
	place.querySelector("button").focus();
	say("Deleted.");
	return place;
}

/* Pinning and archiving change the order, and what is open would be left behind: then the form is
 * sent as it is. Deleting another conversation, and having it back, happen in place. */
async function act(form, button) {
	const item = button.closest("li");
	const id = button.getAttribute("formaction").split("/").at(-1);
	await getJson(`${api()}/${id}`, {
		method: "POST",
		headers: {
			"Content-Type": "application/json",
			"X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
		},
		body: JSON.stringify({ action: button.value }),
	});
	if (button.value === "delete") {
		const place = offerUndo(item, id);
		place.kept = item;
	} else if (item.kept) {
		item.replaceWith(item.kept);
		item.kept.querySelector("a").focus();
		say("Restored.");
	}
}

function startActs(form) {
	form.addEventListener("submit", (event) => {
		const button = event.submitter;
		const item = button?.closest("li");
		const inPlace = item && (button.value === "restore"
			|| (button.value === "delete" && !item.querySelector("[aria-current]")));
		if (!inPlace)
			return;
		event.preventDefault();
		act(form, button).catch(() => form.submit.call(withAction(form, button)));
	});
}

/* What the button would have sent. */
function withAction(form, button) {
	const field = make("input");
	Object.assign(field, { type: "hidden", name: "action", value: button.value });
	form.append(field);
	form.setAttribute("action", button.getAttribute("formaction"));
	return form;
}

const messages = byId("messages");
const form = byId("acts");
if (messages)
	watchEarlier(messages);
if (form) {
	startActs(form);
	findWhileTyping(document.querySelector(".drawer-search"));
	form.closest("nav").addEventListener("click", (event) => {
		const item = event.target.closest(".more-conversations");
		if (!item || event.ctrlKey || event.metaKey || event.shiftKey)
			return;
		event.preventDefault();
		showMore(item).catch(() => { location = item.querySelector("a").href; });
	});
}
