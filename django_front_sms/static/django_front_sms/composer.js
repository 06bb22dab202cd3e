/* The composer of the admin: counts, marks and shows a message while it is written.
 *
 * `SmsText` uses neither the page nor the server. It gives the same results as gateway/gsm.py, which a test checks.
 * `Composer` shows them on the page. Without this file the page works too.
 */
"use strict";

(() => {
    const BASIC =
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    const EXTENSION = "\f^{}\\[~]|€"; // two septets each
    const SEPTETS = new Map([...[...BASIC].map(char => [char, 1]), ...[...EXTENSION].map(char => [char, 2])]);
    const GSM = { encoding: "gsm7", single: 160, part: 153, units: char => SEPTETS.get(char) };
    const UNICODE = { encoding: "ucs2", single: 70, part: 67, units: char => char.length };

    const USELESS_JOINER = /\u200d(?![\u2600-\u27bf\u{1f000}-\u{1faff}])/gu; // not between emoji

    class SmsText {
        /* If `unicode` is false, the gateway replaces non-GSM characters by `replacement`; otherwise they make it Unicode. */
        static preview(text, { unicode = null, replacement = "?" } = {}) {
            let chars = SmsText.characters(text);
            const foreign = SmsText.foreign(chars);
            const replaced = unicode === false ? foreign : [];
            if (replaced.length) {
                chars = chars.flatMap(char => (SEPTETS.has(char) ? char : [...replacement]));
            }
            const form = foreign.length && unicode !== false ? UNICODE : GSM;
            return {
                encoding: form.encoding,
                ...SmsText.#pack(chars.map(form.units), form),
                characters: chars.length,
                foreign,
                replaced,
                text: chars.join(""),
            };
        }

        /* Code points; half a surrogate pair becomes U+FFFD. */
        static characters(text) {
            return [...text.replace(/\p{Surrogate}/gu, "\ufffd")];
        }

        /* The characters outside GSM, once each and in order. */
        static foreign(chars) {
            return [...new Set(chars.filter(char => !SEPTETS.has(char)))];
        }

        static isGsm(char) {
            return SEPTETS.has(char);
        }

        /* The same sentence as `preview.sentence` on the review page. `over`: the number of characters above the maximum. */
        static sentence(shown, words, over, { names = {}, replacement = "" } = {}) {
            const fill = (name, values) => words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
            if (over > 0) {
                return fill("too_long", { n: over });
            }
            if (!shown.characters) {
                return "";
            }
            const sms = fill("sms", { n: shown.segments });
            const characters = shown.foreign.slice(0, 8).map(char => names[char] ?? char).join(" ");
            const all = shown.foreign.length > 8 ? `${characters} …` : characters;
            if (shown.replaced.length) {
                return `${sms}. ${fill("replaced", { characters: all, replacement })}`;
            }
            if (shown.foreign.length) {
                return `${sms} ${fill("because", { characters: all })}.`;
            }
            return `${sms}, ${fill(shown.unitsLeft === 1 ? "left_one" : "left", { n: shown.unitsLeft })}.`;
        }

        /* The text in plain characters and without emoji, as `preview.plain` gives it. */
        static shorten(text, simpler) {
            const kept = [];
            for (const char of SmsText.simplify(text, simpler)) {
                if (SEPTETS.has(char) || !/[\p{So}\p{Sk}\p{Cf}\p{Me}\ufe00-\ufe0f]/u.test(char)) {
                    kept.push(char);
                } else if (kept.at(-1) === " ") {
                    kept.pop(); // also the space before an emoji
                }
            }
            return kept.join("");
        }

        /* The text with the characters of the table replaced by plain ones, and decomposed letters composed. */
        static simplify(text, simpler) {
            const visible = [...text].filter(char => simpler[char] !== "").join("").replace(USELESS_JOINER, "");
            // Compose once more: a replacement can be the base letter of a combining mark.
            return [...visible.normalize("NFC")].map(char => simpler[char] ?? char).join("").normalize("NFC");
        }

        /* Segments, and free units in the last one. A character of two units is never split. */
        static #pack(costs, { single, part }) {
            const units = costs.reduce((sum, cost) => sum + cost, 0);
            if (units <= single) {
                return { segments: Math.min(units, 1), units, unitsLeft: single - units };
            }
            let segments = 1;
            let used = 0;
            for (const cost of costs) {
                if (used + cost > part) {
                    segments += 1;
                    used = 0;
                }
                used += cost;
            }
            return { segments, units, unitsLeft: part - used };
        }
    }

    const QUIET = 600; // milliseconds after the last key before numbers are checked and the count is announced

    class Composer {
        #form;
        #config;
        #checking = null;
        #speaking = 0;
        #asking = 0;
        #checked = "";

        constructor(form) {
            this.#form = form;
            this.#config = JSON.parse(document.getElementById(form.dataset.composer).textContent);
            form.classList.add("fs-live");
            form.addEventListener("input", event => this.#changed(event.target));
            this.#part("simplify", "do").addEventListener("click", () =>
                this.#rewrite(SmsText.shorten(this.#text.value, this.#config.simpler)),
            );
            this.#part("saved")?.addEventListener("change", event => {
                this.#rewrite(event.target.value);
                event.target.value = "";
            });
            form.querySelectorAll("[data-at]").forEach(button =>
                button.addEventListener("click", () => {
                    form.elements.scheduled_at.value = button.dataset.at;
                    this.#changed(form.elements.scheduled_at);
                }),
            );
            this.#checked = this.#question(); // the server's answer is on the page
            this.#show();
            this.#suit();
        }

        get #text() {
            return this.#form.elements.text;
        }

        #part(name, kind = "show") {
            return this.#form.querySelector(`[data-${kind}="${name}"]`);
        }

        #write(name, words) {
            const part = this.#part(name);
            if (part) {
                part.textContent = words;
            }
        }

        #changed(field) {
            this.#show();
            this.#suit();
            if (field === this.#text) {
                clearTimeout(this.#speaking);
                this.#speaking = setTimeout(() => this.#speak(), QUIET);
            }
            clearTimeout(this.#asking);
            this.#asking = setTimeout(() => this.#check(), QUIET);
        }

        // The text

        get #options() {
            const unicode = this.#form.elements.unicode.value === "gsm" ? false : null;
            return { unicode, replacement: this.#config.replacement };
        }

        #show() {
            const shown = SmsText.preview(this.#text.value, this.#options);
            const length = SmsText.characters(this.#text.value).length;
            this.#write("sentence", SmsText.sentence(shown, this.#config.words, length - this.#config.most, this.#config));
            this.#part("sentence").classList.toggle("fs-over", length > this.#config.most);
            this.#offer(shown.segments);
            this.#part("parts").replaceChildren(
                ...Array.from({ length: shown.segments }, () => document.createElement("i")),
            );
            this.#count(shown.segments);
            this.#mark("bubble", this.#options.unicode === false ? () => this.#config.replacement : char => char);
            this.#mark("behind", char => char);
            this.#part("behind").append("\u200b"); // gives an empty last line its height
        }

        /* The button that shortens the text, shown if plain characters would. */
        #offer(segments) {
            const button = this.#part("simplify", "do");
            const fewer = SmsText.preview(SmsText.shorten(this.#text.value, this.#config.simpler), this.#options).segments;
            button.hidden = fewer >= segments;
            button.textContent = this.#config.words.make.replace("{n}", fewer);
        }

        #mark(name, shown) {
            const pieces = [];
            for (const char of SmsText.characters(this.#text.value)) {
                if (SmsText.isGsm(char)) {
                    pieces.push(typeof pieces.at(-1) === "string" ? pieces.pop() + char : char);
                } else {
                    const mark = document.createElement("mark");
                    mark.textContent = shown(char);
                    pieces.push(mark);
                }
            }
            this.#part(name).replaceChildren(...pieces);
        }

        /* Insert as if typed, so that it can be undone. */
        #rewrite(text) {
            this.#text.focus();
            this.#text.select();
            if (!document.execCommand("insertText", false, text)) {
                this.#text.value = text;
            }
            this.#changed(this.#text);
        }

        #speak() {
            this.#write("spoken", this.#part("sentence").textContent);
        }

        // The numbers

        #count(segments) {
            const box = this.#part("recipients");
            const { to, table } = this.#form.elements;
            const rows = table.value.split("\n").filter(line => line.trim()).length;
            const written = rows ? rows - 1 : to.value.split(/[\r\n,;\t]/).filter(part => part.trim()).length;
            const fresh = this.#question() === this.#checked && box.querySelector("[data-accepted]");
            const count = fresh ? Number(fresh.dataset.accepted) : written;
            const { words, price } = this.#config;
            const pieces = [(count === 1 ? words.recipient : words.recipients).replace("{n}", count)];
            if (!this.#form.elements.table.value.trim()) {
                pieces.push(words.sms.replace("{n}", count * segments));
                if (price !== null) {
                    const amount = Math.round((count * segments * price) / 10000) / 100;
                    const options = { minimumFractionDigits: 2, maximumFractionDigits: 2, useGrouping: false };
                    const written = amount.toLocaleString(document.documentElement.lang || undefined, options);
                    pieces.push(words.cost.replace("{amount}", written));
                }
            }
            this.#write("summary", count ? pieces.join(" · ") : "");
        }

        /* The values that the check of the numbers depends on. */
        #question() {
            const { to, table, account, sender, ignore_opt_out: anyway } = this.#form.elements;
            const text = table.value.trim() ? this.#text.value : ""; // then each row has its own text
            return [to.value, table.value, text, account.value, sender.value, anyway?.checked].join("\u0000");
        }

        async #check() {
            const question = this.#question();
            if (question === this.#checked) {
                return;
            }
            this.#checking?.abort();
            this.#checking = new AbortController();
            const box = this.#part("recipients");
            try {
                const answer = await fetch(this.#form.dataset.check, {
                    method: "POST",
                    body: this.#withoutFile(),
                    signal: this.#checking.signal,
                });
                if (!answer.ok || answer.redirected) {
                    throw new Error(answer.status);
                }
                box.innerHTML = await answer.text(); // a part of this page, escaped by the server
                this.#checked = question;
            } catch (error) {
                if (error.name === "AbortError") {
                    return;
                }
                box.textContent = this.#form.elements.to.value.trim() || this.#form.elements.table.value.trim() ? this.#config.words.later : "";
            }
            this.#show();
        }

        #withoutFile() {
            const data = new FormData(this.#form);
            data.delete("file");
            return data;
        }

        // Fields that depend on each other

        /* A time of the form as text: Monday 08:00, or with the date. */
        #moment(written) {
            const at = new Date(written);
            const days = (at - Date.now()) / 86400000;
            const day = days < 7 ? { weekday: "long" } : { day: "numeric", month: "long" };
            const date = at.toLocaleDateString(document.documentElement.lang || undefined, day);
            return `${date} ${written.slice(11, 16)}`;
        }

        #suit() {
            const { account, sender, how } = this.#form.elements;
            const bulk = how?.value === "bulk";
            const at = this.#form.elements.scheduled_at.value;
            const { words, quiet } = this.#config;
            this.#write("go", at && !bulk ? words.schedule.replace("{when}", this.#moment(at)) : words.review);
            const waits = bulk || (!at && this.#form.elements.priority.value !== "urgent");
            this.#write("quiet", waits && quiet[account.value] ? words.quiet.replace("{when}", quiet[account.value]) : "");
            for (const name of ["priority", "scheduled_at", "expires_at"]) {
                this.#form.elements[name].disabled = bulk;
            }
            sender.placeholder = this.#config.senders[account.value] ?? "";
            this.#write("sender", sender.value.trim() || sender.placeholder);
        }
    }

    globalThis.frontSms = Object.assign(globalThis.frontSms ?? {}, { SmsText, Composer });
    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll("form[data-composer]").forEach(form => new Composer(form));
    });
})();
