/* Keeps pages fresh by asking the server again: never while the page is hidden, and less often where nothing changes.
 *
 * An element with `data-live` is replaced by its newer self from the same address, until it has `data-final`. It needs an
 * id. A part in which somebody has the focus, or has ticked a box, is left alone. Without this file, reload the page.
 */
"use strict";

(() => {
    const SOON = 3000; // milliseconds between two questions
    const LATER = 10000; // where nothing has changed for a minute
    const QUIET = 60000;
    const LONGEST = 60000; // where the server does not answer

    const { LoggedOut } = globalThis.frontSms;

    /* Asks again and again, but only while the page is seen. `ask` gives whether there was something new. */
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

    /* Asks for a page, or a part of it. Null: nothing is new. */
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

    function isInUse(part) {
        return part.contains(document.activeElement) || part.querySelector("input:checked") !== null;
    }

    /* What of a part counts as new: tokens differ from answer to answer. */
    function content(part) {
        const copy = part.cloneNode(true);
        copy.querySelectorAll("[name=csrfmiddlewaretoken], script").forEach(each => each.remove());
        copy.querySelectorAll("details").forEach(each => each.removeAttribute("open"));
        return copy.innerHTML;
    }

    function watchPage(words) {
        const open = () => document.querySelectorAll("[data-live]:not([data-final])");
        const watch = new Watch(async () => {
            try {
                const fresh = new DOMParser().parseFromString(await (await piece(location.href)).text(), "text/html");
                words.textContent = "";
                let isNew = false;
                for (const part of open()) {
                    const newer = fresh.getElementById(part.id);
                    if (newer && !isInUse(part) && content(newer) !== content(part)) {
                        const unfolded = [...part.querySelectorAll("details")].map(each => each.open);
                        part.replaceWith(newer);
                        newer.querySelectorAll("details").forEach((each, n) => (each.open = unfolded[n] ?? each.open));
                        isNew = true;
                    }
                }
                if (!open().length) {
                    watch.stop();
                }
                return isNew;
            } catch (error) {
                words.textContent = error instanceof LoggedOut ? words.dataset.out : words.dataset.lost;
                throw error;
            }
        }, SOON);
    }

    globalThis.frontSms = Object.assign(globalThis.frontSms, { Watch, piece, SOON, LATER });
    document.addEventListener("DOMContentLoaded", () => {
        const words = document.querySelector("[data-live-state]");
        if (words && document.querySelector("[data-live]:not([data-final])")) {
            watchPage(words);
        }
    });
})();
