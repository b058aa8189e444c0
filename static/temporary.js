/* A temporary conversation without loading its page: the page's own forms are sent, and what comes back
 * takes its place. Works without gatehouse.js; without this file the forms work by themselves. */
"use strict";

(() => {
	const QUIET_MS = 4000; /* a server that holds events back says nothing for so long */
	const POLL_MS = 1000;
	let busy = false;
	let leave = () => {}; /* stops watching an answer */

	const talk = () => document.getElementById("temporary");
	const box = () => document.getElementById("message");
	const announce = (text) => {
		document.getElementById("temporary-announcer").textContent = text;
	};

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
		leave();
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
	function finish() {
		const form = talk().querySelector("form.composer");
		const fields = new FormData(form);
		fields.set("action", "show");
		busy = false;
		send(form, fields, true).then(() => {
			const last = document.querySelector("#latest .prose");
			announce(last ? `Answer: ${last.innerText}` : "The answer broke off.");
		});
	}

	/* Shows an answer while it grows: as a stream of events or, where those are held back, by asking. */
	function watch(item) {
		const prose = item.querySelector(".prose");
		const settled = document.createElement("div");
		const tail = document.createElement("div");
		let source = null;
		let over = false;
		const end = () => {
			if (over)
				return;
			leave();
			finish();
		};
		leave = () => {
			over = true;
			source?.close();
		};
		prose.replaceChildren(settled, tail);

		async function poll(after) {
			if (over)
				return;
			let next = after;
			try {
				const response = await fetch(`${item.dataset.poll}?after=${after}`,
					{ headers: { "Accept": "application/json" } });
				const state = await response.json();
				if (!response.ok || !["waiting", "running"].includes(state.state))
					return end();
				if (state.html !== undefined) { /* made safe by the server's web/markdown.c */
					settled.innerHTML = state.html;
					tail.replaceChildren();
				}
				next = state.newest;
			} catch { /* the network was away; ask again */ }
			setTimeout(() => poll(next), POLL_MS);
		}
		if (!item.dataset.events) {
			poll(-1);
			return;
		}
		const ask = () => {
			source.close();
			source = null;
			poll(-1);
		};
		source = new EventSource(item.dataset.events);
		const quiet = setTimeout(ask, QUIET_MS);
		source.addEventListener("open", () => {
			clearTimeout(quiet);
			settled.replaceChildren();
			tail.replaceChildren();
		});
		source.addEventListener("grow", (event) => {
			const data = JSON.parse(event.data);
			settled.insertAdjacentHTML("beforeend", data.settled);
			tail.innerHTML = data.tail;
		});
		source.addEventListener("end", end);
		source.addEventListener("error", () => {
			clearTimeout(quiet);
			if (!over && source?.readyState === EventSource.CLOSED)
				ask();
		});
	}

	function prepareBox() {
		const enterSends = "enterSends" in box().form.dataset;
		const touches = matchMedia("(pointer: coarse)").matches;
		box().addEventListener("keydown", (event) => {
			if (event.key !== "Enter" || event.shiftKey === enterSends || event.isComposing || touches)
				return;
			event.preventDefault();
			const button = box().form.querySelector("[value=send]");
			if (button)
				box().form.requestSubmit(button);
		});
		if (!touches)
			box().focus({ preventScroll: true });
	}

	function prepare() {
		const answer = document.getElementById("temporary-answer");
		talk().querySelectorAll("[data-temporary]").forEach((form) =>
			form.addEventListener("submit", submit));
		if (answer)
			talk().querySelectorAll("[data-show]").forEach((part) => { part.hidden = true; });
		prepareBox();
		(answer ?? document.getElementById("latest"))?.scrollIntoView({ block: answer ? "end" : "nearest" });
		document.getElementById("problem")?.focus();
		if (answer)
			watch(answer);
	}

	prepare();
})();
