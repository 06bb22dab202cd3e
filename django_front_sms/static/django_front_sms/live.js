/* Updates pages by polling the server: not while the page is hidden, and less often while nothing changes.
 *
 * An element with `data-live` (`live.html`) has the address and the interval. The parts with the class `fs-live-part` (the
 * template tag `live`) are updated until the server reports that nothing will change any more. Without this file, reload
 * the page.
 */
"use strict";

(() => {
    const SOON = 3000; // milliseconds between two requests
    const LATER = 10000; // after a minute without changes
    const QUIET = 60000;
    const LONGEST = 60000; // while the server does not answer

    const { LoggedOut } = globalThis.frontSms;

    /* Polls while the page is visible. `ask` returns whether something was new. */
    class Watch {
        #ask;
        #pace;
        #timer = 0;
        #failures = 0;
        #changed = Date.now();
        #isOver = false;

        constructor(ask, pace) {
            this.#ask = ask;
            this.#pace = pace;
            document.addEventListener("visibilitychange", () => this.now());
            window.addEventListener("online", () => this.now());
            window.addEventListener("offline", () => this.now());
            this.#next();
        }

        now() {
            clearTimeout(this.#timer);
            this.#changed = Date.now();
            if (!document.hidden && !this.#isOver) {
                this.#turn();
            }
        }

        stop() {
            this.#isOver = true;
            clearTimeout(this.#timer);
        }

        async #turn() {
            try {
                if (await this.#ask()) {
                    this.#changed = Date.now();
                }
                this.#failures = 0;
            } catch (error) {
                if (error instanceof LoggedOut) {
                    this.stop();
                    return;
                }
                this.#failures += 1;
            }
            this.#next();
        }

        #next() {
            clearTimeout(this.#timer);
            if (this.#isOver) {
                return;
            }
            const pace = Date.now() - this.#changed > QUIET ? Math.max(this.#pace, LATER) : this.#pace;
            const wait = Math.min(pace * 2 ** this.#failures, LONGEST);
            this.#timer = setTimeout(() => document.hidden || this.#turn(), wait);
        }
    }

    /* Request a page, or a part of it. Returns null if nothing is new. */
    async function piece(address, query = {}) {
        const url = new URL(address, location.href);
        for (const [key, value] of Object.entries(query)) {
            url.searchParams.set(key, value);
        }
        const answer = await fetch(url, { headers: { Accept: "application/json, text/html" } });
        if (answer.redirected || answer.status === 403) {
            throw new LoggedOut();
        }
        if (!answer.ok) {
            throw new Error(answer.status);
        }
        return answer.status === 204 ? null : answer;
    }

    /* A key that identifies an element in both the older and the newer version of a part. */
    function key(element) {
        const of = element.closest("[data-key]");
        return of?.dataset.key ?? (element.id || element.getAttribute("href") || element.form?.getAttribute("action"));
    }

    function isInUse(part) {
        return part.querySelector("input:checked") !== null || part.contains(document.activeElement?.closest("textarea"));
    }

    /* Replace the content. Open details stay open, and the focus is kept. */
    function swap(part, { html, version }) {
        const focused = part.contains(document.activeElement) ? key(document.activeElement) : null;
        const unfolded = [...part.querySelectorAll("details")].map(each => each.open);
        const scrolled = [...part.querySelectorAll(".fs-scroll, .fs-list")].map(each => [each.scrollLeft, each.scrollTop]);
        part.innerHTML = html; // a part of this page, escaped by the server
        part.dataset.version = version;
        part.querySelectorAll("details").forEach((each, n) => (each.open = unfolded[n] ?? each.open));
        part.querySelectorAll(".fs-scroll, .fs-list").forEach((each, n) => scrolled[n] && each.scrollTo(...scrolled[n]));
        if (focused !== null) {
            const again = [...part.querySelectorAll("a, button, summary, [tabindex]")].find(each => key(each) === focused);
            part.tabIndex = -1; // if the focused button no longer exists
            (again ?? part).focus({ preventScroll: true });
        }
    }

    class LivePage {
        #line;
        #watch;

        constructor(line) {
            this.#line = line;
            this.#watch = new Watch(() => this.#ask(), Number(line.dataset.every) * 1000);
        }

        now() {
            this.#watch.now();
        }

        async #ask() {
            try {
                const parts = [...document.querySelectorAll(".fs-live-part")].filter(each => !isInUse(each));
                const seen = parts.map(each => `${each.id}.${each.dataset.version}`).join();
                const answer = await piece(this.#line.dataset.live || location.href, { part: this.#line.dataset.part, seen });
                this.#say("");
                return answer !== null && this.#show(await answer.json(), parts);
            } catch (error) {
                this.#say(error instanceof LoggedOut ? this.#line.dataset.out : this.#line.dataset.lost);
                throw error;
            }
        }

        #show({ parts, final: isFinal }, shown) {
            const changed = shown.filter(part => parts[part.id]);
            changed.forEach(part => swap(part, parts[part.id]));
            if (isFinal) {
                this.#watch.stop();
            }
            return changed.length > 0;
        }

        #say(words = "") {
            if (this.#line.textContent !== words) {
                this.#line.textContent = words;
            }
        }
    }

    globalThis.frontSms = Object.assign(globalThis.frontSms, { Watch, piece, SOON });
    document.addEventListener("DOMContentLoaded", () => {
        const line = document.querySelector("[data-live]:not([data-final])");
        globalThis.frontSms.page = line && new LivePage(line);
    });
})();
