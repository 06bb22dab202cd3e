/* Updates conversations: requests new messages and changed states every few seconds, except while the page is hidden.
 * A reply that is being written is not changed. Without this file, reload the page.
 */
"use strict";

(() => {
    const { renewToken, LoggedOut, Watch, piece, SOON } = globalThis.frontSms;
    const LOOKED_AFTER = 40; // the number of latest messages that the server updates

    function elements(html) {
        const template = document.createElement("template");
        template.innerHTML = html; // a part of this page, escaped by the server
        return [...template.content.children];
    }

    class Conversation {
        #section;
        #scroll;
        #bubbles;
        #down;
        #form;
        #watch = null;
        #end = 0; // the position that the script scrolled to

        constructor(section) {
            this.#section = section;
            this.#scroll = section.querySelector(".fs-scroll");
            this.#bubbles = section.querySelector(".fs-bubbles");
            this.#down = section.querySelector("[data-down]");
            this.#form = section.querySelector("[data-reply]");
            this.#down.addEventListener("click", () => this.#toEnd());
            this.#scroll.addEventListener("scroll", () => this.#atEnd && (this.#down.hidden = true), { passive: true });
            this.#bubbles.addEventListener("click", event => {
                const link = event.target.closest("[data-earlier]");
                if (link) {
                    event.preventDefault();
                    this.#earlier(link);
                }
            });
            // A picture that is loaded and a reply of several lines change the heights: stay at the end unless the reader
            // has scrolled up.
            const resized = new ResizeObserver(() => this.#scroll.scrollTop >= this.#end - 60 && this.#toEnd());
            resized.observe(this.#scroll);
            resized.observe(this.#bubbles);
            this.#toEnd();
            if ("latest" in section.dataset) {
                this.#watch = new Watch(() => this.#look(), SOON);
            }
            if (this.#form) {
                new Reply(this.#form, name => this.#sent(name));
            }
        }

        get #atEnd() {
            return this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < 60;
        }

        #toEnd() {
            this.#scroll.scrollTop = this.#scroll.scrollHeight;
            this.#end = this.#scroll.scrollTop;
            this.#down.hidden = true;
        }

        get #messages() {
            return [...this.#bubbles.querySelectorAll(".fs-message")];
        }

        // Updates

        async #look() {
            try {
                const seen = this.#messages.slice(-LOOKED_AFTER).map(each => `${each.dataset.name}.${each.dataset.version}`);
                const box = this.#form?.elements.answering.dataset.version ?? "";
                const answer = await piece(this.#section.dataset.conversation, { part: "updates", seen: seen.join(), box });
                this.#state("");
                if (answer === null) {
                    return false;
                }
                this.#show(await answer.json());
                return true;
            } catch (error) {
                this.#state(error instanceof LoggedOut ? this.#section.dataset.out : this.#section.dataset.lost);
                throw error;
            }
        }

        #state(words) {
            const line = this.#section.querySelector("[data-state]");
            if (line.textContent !== words) {
                line.textContent = words;
            }
        }

        #show({ bubbles = [], box = null }) {
            const wasAtEnd = this.#atEnd;
            const announcements = bubbles.map(bubble => this.#place(bubble)).filter(Boolean);
            if (box !== null && this.#form) {
                this.#form.querySelector("[data-box]").innerHTML = box; // a part of this page
                const refused = "refused" in this.#form.elements.answering.dataset;
                this.#form.elements.text.disabled = refused;
                this.#form.querySelector(".fs-write-row button").disabled = refused;
            }
            if (bubbles.length) {
                globalThis.frontSms.page?.now(); // the list of conversations beside it
            }
            if (announcements.length) {
                this.#section.querySelector("[data-announcement]").textContent = announcements.join(". ");
            }
            if (wasAtEnd) {
                this.#toEnd();
            } else if (announcements.some(words => words.startsWith(this.#section.dataset.new))) {
                this.#down.hidden = false;
            }
        }

        /* Insert a message at its position, or replace its older version. Returns the text for screen readers. */
        #place({ name, after, html }) {
            const fresh = elements(html);
            const message = fresh.find(each => each.dataset.name === name);
            const text = message.querySelector(".fs-balloon").textContent.trim().replace(/\s+/g, " ").slice(0, 200);
            const old = document.getElementById(name);
            if (old) {
                const badge = part => part.querySelector("[data-badge]")?.textContent.trim();
                const moved = badge(old) !== badge(message);
                const focused = old.contains(document.activeElement);
                old.replaceWith(message);
                if (focused) {
                    message.querySelector(".fs-meta a").focus();
                }
                return moved ? `${text} ${this.#section.dataset.now} ${badge(message)}` : "";
            }
            const before = document.getElementById(after);
            if (!before) {
                location.reload(); // one response does not hold all new messages
                return "";
            }
            before.after(...fresh);
            this.#oneDayOnce();
            return message.classList.contains("fs-theirs") ? `${this.#section.dataset.new} ${text}` : "";
        }

        #oneDayOnce() {
            let day = "";
            for (const each of this.#bubbles.querySelectorAll(".fs-day")) {
                if (each.dataset.day === day) {
                    each.remove();
                }
                day = each.dataset.day;
            }
        }

        // Earlier messages

        async #earlier(link) {
            link.setAttribute("aria-busy", "true");
            try {
                const fresh = elements(await (await piece(link.href, { part: "older" })).text());
                const height = this.#scroll.scrollHeight;
                const below = height - this.#scroll.scrollTop;
                link.parentElement.replaceWith(...fresh);
                this.#oneDayOnce();
                this.#end += this.#scroll.scrollHeight - height;
                this.#scroll.scrollTop = this.#scroll.scrollHeight - below;
                (fresh[0].querySelector("[data-earlier]") ?? this.#scroll).focus({ preventScroll: true });
            } catch {
                location.assign(link.href);
            }
        }

        async #sent(name) {
            this.#scroll.scrollTop = this.#scroll.scrollHeight;
            await this.#look().catch(() => {});
            document.getElementById(name)?.scrollIntoView({ block: "end" });
            this.#toEnd();
            this.#watch?.now();
        }
    }

    class Reply {
        #form;
        #text;
        #button;
        #words;
        #isGoing = false;
        #sent;

        constructor(form, sent) {
            this.#form = form;
            this.#text = form.elements.text;
            this.#button = form.querySelector(".fs-write-row button");
            this.#words = this.#button.textContent;
            this.#sent = sent;
            form.addEventListener("submit", event => {
                event.preventDefault();
                this.#send();
            });
            this.#text.addEventListener("input", () => this.#grow());
            this.#offerTexts();
            form.querySelector("[data-saved]").addEventListener("change", event => {
                this.#text.value = event.target.value;
                event.target.value = "";
                this.#grow();
                this.#text.focus();
            });
            this.#text.addEventListener("keydown", event => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                    event.preventDefault();
                    form.requestSubmit();
                }
            });
            this.#grow();
        }

        #grow() {
            this.#text.style.height = "auto";
            this.#text.style.height = `${this.#text.scrollHeight + 2}px`;
            this.#count();
        }

        #count() {
            const line = this.#form.querySelector("[data-count]");
            line.dataset.hint ??= line.textContent;
            const preview = globalThis.frontSms?.SmsText.preview(this.#text.value);
            if (!this.#text.value || !preview) {
                line.textContent = line.dataset.hint;
                return;
            }
            const words = JSON.parse(document.getElementById("fs-words").textContent);
            const over = preview.characters - Number(this.#text.dataset.most);
            line.textContent = frontSms.SmsText.sentence(preview, words, over);
            line.classList.toggle("fs-over", over > 0);
        }

        /* The menu of saved texts. The box works without it too. */
        async #offerTexts() {
            try {
                const { texts } = await (await piece(location.href, { part: "texts" })).json();
                const select = this.#form.querySelector("[data-saved]");
                select.append(...texts.map(({ name, text }) => new Option(name, text)));
                select.parentElement.hidden = !texts.length;
            } catch {
                // the list stays hidden
            }
        }

        async #send() {
            if (this.#isGoing) {
                return;
            }
            this.#going(true);
            try {
                await renewToken(this.#form);
                const answer = await fetch(location.href, {
                    method: "POST",
                    body: new FormData(this.#form),
                    headers: { Accept: "application/json" },
                });
                if (answer.redirected || !answer.headers.get("Content-Type")?.startsWith("application/json")) {
                    throw new Error(answer.status);
                }
                const { sent, failure = "", key } = await answer.json();
                this.#form.elements.key.value = key;
                this.#fail(failure);
                if (sent) {
                    this.#text.value = "";
                    this.#grow();
                    await this.#sent(sent);
                }
            } catch (error) {
                const { out, lost, failed } = this.#form.dataset; // the key is kept, so that another attempt sends once
                this.#fail(error instanceof LoggedOut ? out : error instanceof TypeError ? lost : failed);
            }
            this.#going(false);
            this.#text.focus();
        }

        #going(isGoing) {
            this.#isGoing = isGoing;
            this.#button.textContent = isGoing ? this.#form.dataset.sending : this.#words;
            this.#form.setAttribute("aria-busy", isGoing);
        }

        #fail(words) {
            const line = this.#form.querySelector("[data-failure]");
            line.textContent = words;
            line.hidden = !words;
        }
    }

    globalThis.frontSms = Object.assign(globalThis.frontSms, { Conversation });
    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll("[data-conversation]").forEach(section => new Conversation(section));
    });
})();
