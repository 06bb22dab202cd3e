/* Keeps conversations fresh: new messages and changed states appear by asking for them every few seconds, never while
 * nobody looks. What is being written is never touched. Without this file everything works, by reloading.
 */
"use strict";

(() => {
    const SOON = 3000; // milliseconds between two questions
    const LATER = 10000; // where nothing has changed for a minute, and for the list beside
    const QUIET = 60000;
    const LONGEST = 60000; // where the server does not answer
    const LOOKED_AFTER = 40; // the newest messages, as the server looks after them

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

    class LoggedOut extends Error {}

    /* Asks for a piece of this page. Null: nothing is new. */
    async function piece(address, query) {
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

    function elements(html) {
        const template = document.createElement("template");
        template.innerHTML = html; // our own page's piece, escaped by the server
        return [...template.content.children];
    }

    /* The list of people: replaced when it changed, without losing the focus or the place. */
    function watchPeople(list) {
        let shown = "";
        return new Watch(async () => {
            const html = await (await piece(location.href, { part: "people" })).text();
            if (html === shown) {
                return false;
            }
            const number = person => person?.querySelector(".fs-number")?.textContent;
            const focused = list.contains(document.activeElement) ? number(document.activeElement) : null;
            shown = html;
            const fresh = elements(html);
            const written = children => [...children].map(each => each.outerHTML).join();
            if (written(fresh) === written(list.children)) {
                return false;
            }
            list.replaceChildren(...fresh);
            if (focused) {
                [...list.querySelectorAll(".fs-person")].find(person => number(person) === focused)?.focus();
            }
            return true;
        }, LATER);
    }

    class Conversation {
        #section;
        #scroll;
        #bubbles;
        #down;
        #form;
        #watch = null;
        #people;
        #end = 0; // where the reader was taken to

        constructor(section, people) {
            this.#section = section;
            this.#people = people;
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
            // A picture takes its room when it is there: whoever was at the end, and has not scrolled up, stays there.
            const settle = () => this.#scroll.scrollTop >= this.#end - 60 && this.#toEnd();
            this.#bubbles.addEventListener("load", settle, true);
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

        // What is new

        async #look() {
            try {
                const seen = this.#messages.slice(-LOOKED_AFTER).map(each => `${each.dataset.name}.${each.dataset.version}`);
                const box = this.#form?.elements.answering.dataset.version ?? "";
                const answer = await piece(this.#section.dataset.conversation, { part: "news", seen: seen.join(), box });
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
            const told = bubbles.map(bubble => this.#place(bubble)).filter(Boolean);
            if (box !== null && this.#form) {
                this.#form.querySelector("[data-box]").innerHTML = box; // our own page's piece
                const refused = "refused" in this.#form.elements.answering.dataset;
                this.#form.elements.text.disabled = refused;
                this.#form.querySelector("button").disabled = refused;
            }
            if (bubbles.length) {
                this.#people?.now();
            }
            if (told.length) {
                this.#section.querySelector("[data-told]").textContent = told.join(". ");
            }
            if (wasAtEnd) {
                this.#toEnd();
            } else if (told.some(words => words.startsWith(this.#section.dataset.new))) {
                this.#down.hidden = false;
            }
        }

        /* Puts a message where it belongs, or in the place of its older self; gives what a screen reader says of it. */
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
                location.reload(); // more came than one answer holds
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

        // What came before

        async #earlier(link) {
            link.setAttribute("aria-busy", "true");
            try {
                const fresh = elements(await (await piece(link.href, { part: "older" })).text());
                const height = this.#scroll.scrollHeight - this.#scroll.scrollTop;
                link.parentElement.replaceWith(...fresh);
                this.#oneDayOnce();
                this.#scroll.scrollTop = this.#scroll.scrollHeight - height;
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
            this.#button = form.querySelector("button");
            this.#words = this.#button.textContent;
            this.#sent = sent;
            form.addEventListener("submit", event => {
                event.preventDefault();
                this.#send();
            });
            this.#text.addEventListener("input", () => this.#grow());
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
            const { counter, gsm, unicode, toolong } = this.#form.dataset;
            const values = {
                characters: preview.characters,
                most: this.#text.dataset.most,
                encoding: preview.encoding === "gsm7" ? gsm : unicode,
                segments: preview.segments,
                left: preview.unitsLeft,
            };
            const isOver = preview.characters > Number(this.#text.dataset.most);
            line.textContent = counter.replace(/\{(\w+)\}/g, (_, name) => values[name]) + (isOver ? ` ${toolong}` : "");
            line.classList.toggle("fs-over", isOver);
        }

        async #send() {
            if (this.#isGoing) {
                return;
            }
            this.#going(true);
            try {
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
            } catch {
                this.#fail(this.#form.dataset.failed); // the key stays: trying again sends once
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

    globalThis.frontSms = Object.assign(globalThis.frontSms ?? {}, { Watch, Conversation });
    document.addEventListener("DOMContentLoaded", () => {
        const [people] = [...document.querySelectorAll("[data-people]")].map(watchPeople);
        document.querySelectorAll("[data-conversation]").forEach(section => new Conversation(section, people));
    });
})();
