/* An answer while it grows: shows the pieces as they come, until the end. */
const { make } = gatehouse;

const STREAM_PATIENCE_MS = 4000; /* a server that holds events back says nothing for so long */
const POLL_MS = 1000;
const AWAY_MS = 2000; /* streams end and begin anew in less, which nobody needs to know */

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/* What is seen of the answer in `item`: a line about what goes on, the HTML that stays, and the HTML that
 * the next piece replaces. `grown` is called when more is to be seen. */
function view(item, grown) {
	const prose = make("div", "prose");
	const settled = make("div");
	const tail = make("div");
	const lost = make("p", "message-note", "The connection is lost. Trying again…");
	let losing = 0;
	prose.append(settled, tail);
	lost.hidden = true;
	item.querySelector(".prose")?.remove();
	item.querySelector("h2").after(prose);
	item.append(lost);
	/* all of it made safe by the server's web/markdown.c */
	function put(change) {
		change();
		if (prose.textContent)
			item.querySelector(".thinking")?.remove();
		grown();
	}
	return {
		reset: () => { settled.replaceChildren(); tail.replaceChildren(); },
		grow: (piece) => put(() => {
			settled.insertAdjacentHTML("beforeend", piece.settled);
			tail.innerHTML = piece.tail;
		}),
		whole: (html) => put(() => { settled.innerHTML = html; tail.replaceChildren(); }),
		away: () => { losing ||= setTimeout(() => { lost.hidden = false; grown(); }, AWAY_MS); },
		back: () => { clearTimeout(losing); losing = 0; lost.hidden = true; },
	};
}

/* Asks again and again, until the answer has ended or cannot be read any more. */
async function poll(answer, shown, signal) {
	for (let after = -1; !signal?.aborted; await pause(POLL_MS)) {
		let response, state;
		try {
			response = await fetch(`${answer.poll}?after=${after}`, { headers: { "Accept": "application/json" } });
			state = await response.json();
		} catch {
			shown.away();
			continue;
		}
		if (response.status >= 500) {
			shown.away();
			continue;
		}
		shown.back();
		if (!response.ok)
			return { problem: state };
		if (state.html !== undefined)
			shown.whole(state.html);
		after = state.newest;
		if (state.state !== "waiting" && state.state !== "running")
			return state;
	}
	return {};
}

/* Listens to the stream of events. How the answer ended, or null where streams do not work. */
function listen(answer, shown, signal) {
	return new Promise((resolve) => {
		const source = new EventSource(answer.events);
		const end = (result) => {
			clearTimeout(impatient);
			shown.back();
			source.close();
			resolve(result);
		};
		signal?.addEventListener("abort", () => end({}));
		const impatient = setTimeout(() => end(null), STREAM_PATIENCE_MS);
		source.addEventListener("open", () => {
			clearTimeout(impatient); /* the headers; where events are held back they are as well */
			shown.back();
		});
		source.addEventListener("grow", (event) => {
			const piece = JSON.parse(event.data);
			if (piece.from === 0)
				shown.reset();
			shown.grow(piece);
		});
		source.addEventListener("end", (event) => end(JSON.parse(event.data)));
		source.addEventListener("error", () => {
			if (source.readyState === EventSource.CLOSED)
				end(null);
			else
				shown.away();
		});
	});
}

/* Watch the answer { events, poll } in `item` until it has ended: as a stream, or, where the web server
 * holds events back, by asking every second. Gives { state, sentence, … }, { problem } when it cannot be
 * read any more, or {} as soon as `signal` (if any) aborts. */
gatehouse.watchAnswer = async (item, answer, grown, signal) => {
	const shown = view(item, grown);
	return (answer.events && await listen(answer, shown, signal)) || poll(answer, shown, signal);
};
