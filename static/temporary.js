/* A temporary conversation without loading its page: the page's own forms are sent, and what comes back
 * takes its place. Without this file the forms work by themselves. */
const {
	announce, byId, countCharacters, finishProse, growWithText, keepPlace, offerToCopy, prefersTouch, readText, watchAnswer,
} = gatehouse;

const place = keepPlace();
let busy = false;
let watching = null; /* the AbortController of an answer that is watched */

const talk = () => byId("temporary");
const box = () => byId("message");

/* As a browser does it by itself, button included. */
function submitWithPage(form, fields) {
	for (const [name, value] of fields) {
		if (form.querySelector(`input[name=${name}], textarea[name=${name}], select[name=${name}]`))
			continue;
		const field = document.createElement("input");
		field.type = "hidden";
		field.name = name;
		field.value = value;
		form.append(field);
	}
	HTMLFormElement.prototype.submit.call(form);
}

/* The page that came takes the place of this one; what is being typed stays. */
function replace(fresh, keepsTyped) {
	const typed = box()?.value ?? "";
	talk().replaceWith(fresh);
	if (keepsTyped && box())
		box().value = typed;
	prepare();
}

async function send(form, fields, keepsTyped) {
	if (busy)
		return;
	busy = true;
	watching?.abort();
	try {
		const response = await fetch(form.getAttribute("action"), { /* a button has the name "action" */
			method: "POST",
			headers: { "Accept": "text/html" },
			body: new URLSearchParams(fields),
		});
		const page = new DOMParser().parseFromString(await response.text(), "text/html");
		const fresh = page.getElementById("temporary");
		if (fresh)
			replace(fresh, keepsTyped);
		else /* such as where one signs in, with the form kept; nothing has happened yet */
			submitWithPage(form, fields);
	} catch {
		announce("That did not arrive. Check your connection and try again.");
		form.querySelector("[name=message]")?.focus();
	} finally {
		busy = false;
	}
}

function submit(event) {
	const form = event.currentTarget;
	const fields = new FormData(form, event.submitter);
	event.preventDefault();
	send(form, fields, ["show", "stop", "again"].includes(event.submitter?.value));
}

/* The answer is complete: the form fetches it, and the server forgets it. */
async function finish() {
	const form = talk().querySelector("form.composer");
	const fields = new FormData(form);
	fields.set("action", "show");
	await send(form, fields, true);
	const last = document.querySelector("#latest .prose");
	announce(last ? `Answer: ${readText(last)}` : "The answer broke off.");
}

async function watch(item) {
	const mine = new AbortController();
	watching = mine;
	await watchAnswer(item, item.dataset, () => place.grew(item), mine.signal);
	if (!mine.signal.aborted)
		finish();
}

/* Enter, or Shift and Enter, as the person chose; on a phone's keyboard the button sends. */
function sendOnEnter(event) {
	const { form } = box();
	const sends = event.shiftKey !== ("enterSends" in form.dataset);
	if (event.key !== "Enter" || !sends || event.isComposing || prefersTouch())
		return;
	event.preventDefault();
	const button = form.querySelector("[value=send]");
	if (button)
		form.requestSubmit(button);
}

function prepare() {
	const answer = byId("growing");
	talk().querySelectorAll("[data-temporary]").forEach((form) => form.addEventListener("submit", submit));
	talk().querySelectorAll(".prose").forEach(finishProse);
	/* Leaving the page would end the conversation. */
	talk().querySelectorAll(".prose a[href]").forEach((link) => Object.assign(link, { target: "_blank", rel: "noopener" }));
	talk().querySelectorAll(".message-answer:not(#growing)").forEach(offerToCopy);
	gatehouse.offerShortcuts();
	growWithText(box());
	countCharacters(box().form, box(), Number(box().form.dataset.limit), "enterSends" in box().form.dataset);
	box().addEventListener("keydown", sendOnEnter);
	if (!prefersTouch())
		box().focus({ preventScroll: true });
	byId("problem")?.focus();
	if (answer) {
		talk().querySelectorAll("[data-show]").forEach((part) => { part.hidden = true; });
		place.toEnd();
		watch(answer);
	} else if (watching) {
		place.grew(byId("latest") ?? talk());
		watching = null;
	} else if (byId("latest")) {
		place.came(byId("latest").previousElementSibling ?? byId("latest"), byId("latest"));
	}
}

/* What the keys do here; see frame.js. */
gatehouse.chat = { stop: () => talk().querySelector("[value=stop]")?.click() };

prepare();
