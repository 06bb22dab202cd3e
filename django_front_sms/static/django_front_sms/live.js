/* Asks the server again for what is new on a page: never while the page is hidden, and less often where nothing changes. */
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

        constructor(ask, pace) {
            this.#ask = ask;
            this.#pace = pace;
            document.addEventListener("visibilitychange", () => this.now());
            this.#next();
        }

        now() {
            clearTimeout(this.#timer);
            this.#changed = Date.now();
            if (!document.hidden) {
                this.#turn();
            }
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

    globalThis.frontSms = Object.assign(globalThis.frontSms, { Watch, piece, SOON, LATER });
})();
