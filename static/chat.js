/* The chat: sending without loading the page, answers that grow, drafts. It works without this file, too. */
const {
	announce, byId, countCharacters, drafts, finishProse, keepPlace, make, makeButton, prefersTouch, readText,
	refreshMessages, showNote, watchAnswer,
} = gatehouse;

const AWAY_MS = 5000; /* for less, nobody has gone on elsewhere */

/* ---- What is on the page ---- */

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

function addThinking(words) {
	const item = addItem("message-answer", "Answer");
	item.id = "growing";
	item.append(make("p", "thinking", words));
	return item;
}

/* An answer that came whole, until the server's own page is there. */
function showAnswer(item, message) {
	const prose = make("div", "prose");
	prose.innerHTML = message.html; /* made safe by the server's web/markdown.c */
	item.querySelector(".thinking").replaceWith(prose);
	item.removeAttribute("id");
	finishProse(prose);
}

/* Its first question gives a conversation its name; the server's own list comes with the answer. */
function addConversation(page, question) {
	const name = question.replace(/\s+/g, " ").slice(0, 60);
	const item = make("li");
	const link = make("a", "conversation");
	link.href = page;
	link.setAttribute("aria-current", "page");
	link.append(make("span", "conversation-title", name), make("span", "conversation-about", "just now"));
	item.append(link);
	byId("conversations")?.prepend(item);
	byId("title").textContent = name;
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

/* ---- Sending ---- */

/* A message that is sent again because no reply came is still one message: this names it. */
function newSubmitKey() {
	return Array.from(crypto.getRandomValues(new Uint8Array(12)),
		(byte) => byte.toString(16).padStart(2, "0")).join("");
}

/* What came of it: { reply }, or { problem: { error, message, … } }, or { stopped }. */
async function post(address, body, headers, signal) {
	try {
		const response = await fetch(address, {
			method: "POST", signal, body, headers: { "Accept": "application/json", ...headers },
		});
		const reply = await response.json();
		return response.ok ? { reply } : { problem: reply };
	} catch {
		return signal?.aborted ? { stopped: true }
			: { problem: { message: "No answer from the server. Check your connection and try again." } };
	}
}

function startChat(composer) {
	const fields = composer.elements;
	const box = fields.message;
	const limit = Number(composer.dataset.limit);
	const thinkingWords = `${composer.dataset.site} is thinking`;
	const enterSends = "enterSends" in composer.dataset;
	const place = keepPlace();
	let hiddenAt = 0;
	let running = null; /* the AbortController, or the like, while an answer is awaited */

	const conversation = () => fields.session_id.value;
	const pageOf = (id) => `${composer.dataset.page}?session_id=${encodeURIComponent(id)}`;
	const page = () => pageOf(conversation());

	function setRunning(controller) {
		running = controller;
		byId("send").hidden = Boolean(controller);
		byId("stop").hidden = !controller;
		byId("messages").setAttribute("aria-busy", String(Boolean(controller)));
	}

	/* Back to the box, unless the reader has gone elsewhere or a keyboard would cover the page. */
	function settleFocus() {
		const active = document.activeElement;
		if (!prefersTouch() && (active === document.body || composer.contains(active)))
			box.focus({ preventScroll: true });
	}

	function type(text) {
		box.value = text;
		box.dispatchEvent(new Event("input"));
	}

	/* A new conversation has got its number: from here on, the page is that of this one. */
	function keepNumber(reply, question) {
		if (reply.session_id === conversation())
			return;
		drafts.drop(conversation());
		fields.session_id.value = reply.session_id;
		history.replaceState(null, "", page());
		composer.querySelector(".composer-model")?.remove(); /* chosen for this conversation */
		addConversation(page(), question);
	}

	function send(text, parent, submitKey, signal) {
		return post(composer.dataset.api, JSON.stringify({
			session_id: conversation(),
			country: fields.country.value,
			service_type: fields.service_type.value,
			submit_key: submitKey,
			parent_id: parent,
			character: fields.character?.value ?? "",
			model: fields.model?.value ?? "",
			message: text,
		}), { "Content-Type": "application/json", "X-CSRFToken": fields.csrfmiddlewaretoken.value }, signal);
	}

	function stopAnswer(answer) {
		return post(answer.stop, "{}",
			{ "Content-Type": "application/json", "X-CSRFToken": fields.csrfmiddlewaretoken.value });
	}

	/* For when the page comes back. */
	function keep(id, text) {
		if (text)
			drafts.save(id, text);
		return text ? "Your message is kept. " : "";
	}

	/* Where a problem leads to another page, the way there; true when there is one. */
	function addWay(note, problem, text) {
		const here = encodeURIComponent(location.pathname + location.search);
		const ways = [
			[problem.login_url, "Sign in again"],
			[problem.confirm_url, "Confirm your password"],
		];
		const [address, words] = ways.find(([to]) => to) ?? [];
		const link = make("a", "", words);
		if (address) {
			link.href = `${address}?next=${here}`;
			note.append(keep(conversation(), text), link);
		} else if (problem.error === "csrf_failed") {
			note.append(keep(conversation(), text),
				makeButton("tool", "Load the page again", () => location.reload()));
		} else if (["conflict", "conversation_full"].includes(problem.error) && text && !document.querySelector("#growing")) {
			link.textContent = "Start a new conversation";
			link.href = composer.dataset.page;
			keep("", text);
			note.append(link);
		}
		return note.querySelector("a, button") !== null;
	}

	/* What can be done about a message that got no answer. */
	function addNote(question, sentence, problem, again) {
		const text = question.querySelector(".bubble").textContent;
		const note = showNote(question, sentence);
		question.classList.add("message-failed");
		if (!addWay(note, problem, text))
			note.append(makeButton("tool", "Try again", () => {
				if (running)
					return;
				question.remove();
				again();
			}));
		place.grew(question);
	}

	/* Watch an answer until its end, then show the conversation as the server has it. */
	async function follow(item, answer) {
		item.id = "growing";
		setRunning({ abort: () => stopAnswer(answer) });
		const result = await watchAnswer(item, answer, () => place.grew(item));
		const words = readText(item.querySelector(".prose"));
		item.querySelector(".thinking")?.remove();
		item.removeAttribute("id");
		setRunning(null);
		if (result.problem)
			addWay(showNote(item, result.problem.message ?? "The answer could not be loaded."), result.problem, "");
		else if (!await refreshMessages(page()) && result.state !== "done")
			showNote(item, result.sentence || "This answer broke off.");
		place.grew(byId("messages").lastElementChild);
		if (!result.problem)
			announce(result.sentence || (words ? `Answer: ${words}` : "The answer broke off."));
		settleFocus();
	}

	/* An answer that was on its way when the page was made. */
	function followGrowing() {
		const growing = byId("growing");
		if (running || !growing || !["waiting", "running"].includes(growing.dataset.state))
			return;
		growing.querySelector("form").remove();
		follow(growing, growing.dataset);
	}

	/* Somebody comes back to this tab: they may have gone on in another one, or on another device. */
	async function catchUp() {
		const isNewest = !/[?&](before|at)=/.test(location.search);
		if (running || !conversation() || !isNewest)
			return;
		await refreshMessages(page());
		followGrowing();
	}

	/* An answer of the articles, which comes with the reply. */
	async function finish(question, thinking, reply) {
		const answer = reply.messages.find((message) => !message.by_person);
		showAnswer(thinking, answer);
		setRunning(null);
		place.came(question, thinking);
		announce(`Answer: ${readText(thinking.querySelector(".prose"))}`);
		await refreshMessages(page());
		settleFocus();
	}

	/* `parent`: the message it follows, where not the last; `instead`: what it takes the place of, with all
	 * that follows. */
	async function ask(text, { parent = "", instead = null, submitKey = newSubmitKey() } = {}) {
		const controller = new AbortController();
		byId("opening")?.remove();
		byId("problem")?.remove();
		showFieldError(composer, "");
		if (!box.value)
			drafts.save(conversation(), text); /* until the server has it */
		while (instead?.nextElementSibling)
			instead.nextElementSibling.remove();
		instead?.remove();
		const question = addQuestion(text);
		const thinking = addThinking(thinkingWords);
		setRunning(controller);
		place.toEnd();
		announce(thinkingWords);
		settleFocus();

		const { reply, problem, stopped } = await send(text, parent, submitKey, controller.signal);
		if (reply) {
			keepNumber(reply, text);
			drafts.save(conversation(), box.value);
			if (reply.answer)
				await follow(thinking, reply.answer);
			else
				await finish(question, thinking, reply);
			return;
		}
		thinking.remove();
		setRunning(null);
		const sentence = problem?.fields?.message;
		if (sentence && !box.value && !parent) {
			question.remove();
			type(text);
			showFieldError(composer, sentence);
		} else {
			addNote(question, stopped ? "Stopped." : sentence ?? problem.message ?? "That did not work.",
				problem ?? {}, () => ask(text, { parent, submitKey }));
		}
		settleFocus();
	}

	function problemOf(text) {
		const over = [...text.trim()].length - limit;
		return !text.trim() ? "Write a message first."
			: over > 0 ? `This message is ${over} characters too long.` : "";
	}

	function submit(event) {
		event.preventDefault();
		if (running)
			return;
		const suggestion = event.submitter?.name === "message" ? event.submitter.value : null;
		const text = (suggestion ?? box.value).trim();
		if (!text) {
			showFieldError(composer, problemOf(text));
			box.focus();
			return;
		}
		if (suggestion === null)
			type("");
		ask(text);
	}

	/* Enter, or Shift and Enter, as the person chose; on a phone's keyboard the button sends. */
	function sendOnEnter(event, form) {
		const sends = event.shiftKey !== enterSends;
		if (event.key !== "Enter" || !sends || event.isComposing || prefersTouch())
			return;
		event.preventDefault();
		if (!running)
			form.requestSubmit();
	}

	/* What the page's other scripts do with the chat. */
	gatehouse.chat = {
		ask, page, post, problemOf, sendOnEnter,
		isRunning: () => Boolean(running),
		stop: () => running?.abort(),
		/* Another answer in the place of this one, or below this question. */
		answerAgain(item, answer) {
			while (item.nextElementSibling)
				item.nextElementSibling.remove();
			if (item.matches(".message-answer"))
				item.remove();
			const thinking = addThinking(thinkingWords);
			announce(thinkingWords);
			place.toEnd();
			return follow(thinking, answer);
		},
	};

	document.querySelectorAll("form[data-sends]").forEach((form) =>
		form.addEventListener("submit", submit));
	byId("stop").addEventListener("click", () => running?.abort());
	box.addEventListener("keydown", (event) => sendOnEnter(event, composer));
	box.addEventListener("input", () => drafts.save(conversation(), box.value));
	drafts.tidy();
	countCharacters(composer, box, limit, enterSends);
	/* What a page suggests is nobody's draft yet, and takes no place of one. */
	const draft = drafts.read(conversation());
	if (draft || !("suggested" in box.dataset))
		type("suggested" in box.dataset ? draft : box.value || draft);
	showLatest(place);
	followGrowing();
	document.addEventListener("visibilitychange", () => {
		if (document.hidden)
			hiddenAt = Date.now();
		else if (Date.now() - hiddenAt > AWAY_MS)
			catchUp();
	});
	if (!byId("problem"))
		settleFocus();
}

/* A conversation is opened at its end; one that is loaded again stays where it was. */
function showLatest(place) {
	const [navigation] = performance.getEntriesByType("navigation");
	if (navigation?.type === "navigate" && !location.hash && !/[?&]before=/.test(location.search))
		place.toEnd();
}

if (byId("composer"))
	startChat(byId("composer"));
