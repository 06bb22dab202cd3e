/* Sends forms without leaving the page, so that nothing typed is lost when the session has ended, the connection is lost,
 * or the server fails: the page says so, keeps the text, and can send it again. Without this file, forms work as usual.
 *
 * `data-session`: the address that returns a new CSRF token, or redirects to the login page. The messages are in
 * `data-out`, `data-lost` and `data-failed`.
 */
"use strict";

(() => {
    class LoggedOut extends Error {}

    /* Give the form a current token, since the user may have logged in again after opening it. Without an address for
     * this, the form keeps its token. */
    async function renewToken(form) {
        if (!form.dataset.session) {
            return;
        }
        const answer = await fetch(form.dataset.session, { headers: { Accept: "application/json" } });
        if (answer.redirected || answer.status === 403) {
            throw new LoggedOut();
        }
        if (!answer.ok) {
            throw new Error(answer.status);
        }
        form.elements.csrfmiddlewaretoken.value = (await answer.json()).token;
    }

    class KeptForm {
        #form;
        #isBusy = false;

        constructor(form) {
            this.#form = form;
            form.addEventListener("submit", event => {
                event.preventDefault();
                this.#submit(event.submitter);
            });
            window.addEventListener("pageshow", () => this.#busy(false));
        }

        async #submit(submitter) {
            if (this.#isBusy) {
                return;
            }
            this.#busy(true);
            this.#say("");
            try {
                await renewToken(this.#form);
                const answer = await fetch(location.href, {
                    method: "POST",
                    body: new FormData(this.#form, submitter),
                    headers: { Accept: "application/json" },
                });
                const { url } = await answer.json();
                if (this.#form.dataset.back) {
                    history.replaceState(null, "", this.#form.dataset.back);
                }
                location.assign(url);
            } catch (error) {
                const { out, lost, failed } = this.#form.dataset;
                this.#say(error instanceof LoggedOut ? out : error instanceof TypeError ? lost : failed);
                this.#busy(false);
            }
        }

        #busy(isBusy) {
            this.#isBusy = isBusy;
            this.#form.setAttribute("aria-busy", isBusy);
        }

        #say(words) {
            const line = this.#form.querySelector("[data-trouble]");
            line.textContent = words;
            line.hidden = !words;
        }
    }

    globalThis.frontSms = Object.assign(globalThis.frontSms ?? {}, { renewToken, LoggedOut });
    document.addEventListener("DOMContentLoaded", () =>
        document.querySelectorAll("form[data-session]:not([data-reply])").forEach(form => new KeptForm(form)),
    );
})();
