/* The reader's place in a conversation. Who is at the end of the page stays there while it grows. Who has
 * scrolled up is left alone, and the button #newer says that there is something new. */
const { byId } = gatehouse;

const END_PX = 48;

gatehouse.keepPlace = () => {
	const page = document.documentElement;
	const atEnd = () => page.scrollHeight - innerHeight - scrollY < END_PX;
	let follows = true;
	let seenAt = scrollY;
	let target = null; /* what is new */
	function offer(isNew) {
		const newer = byId("newer"); /* a page that is replaced has another one */
		if (newer)
			newer.hidden = !isNew;
	}
	function look() {
		follows = atEnd();
		seenAt = scrollY;
		if (follows)
			offer(false);
	}
	function toEnd() {
		scrollTo({ top: page.scrollHeight, behavior: "instant" });
		seenAt = scrollY;
	}
	/* Whoever has just scrolled up has, also when the event that tells of it is still to come. */
	const isFollowing = () => follows && scrollY >= seenAt - 1;
	addEventListener("scroll", look, { passive: true });
	document.addEventListener("click", (event) => {
		if (event.target.id !== "newer")
			return;
		offer(false);
		if (target?.id === "growing")
			toEnd();
		else
			target?.scrollIntoView({ block: "start" });
		byId("message")?.focus({ preventScroll: true });
	});
	return {
		toEnd() { follows = true; toEnd(); },
		grew(item) {
			target = item;
			if (isFollowing())
				toEnd();
			else
				offer(true);
		},
		/* An answer that came all at once is read from its question on. */
		came(question, item) {
			target = item;
			if (isFollowing())
				question.scrollIntoView({ block: "start" });
			else
				offer(true);
		},
	};
};
