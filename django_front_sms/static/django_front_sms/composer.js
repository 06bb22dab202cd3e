/* The composer of the admin: counts, marks and shows a message while it is written.
 *
 * `SmsText` is pure, knows no page and needs no server: it says of every text what gateway/gsm.py says of it, and a test
 * holds the two against each other. `Composer` puts that on the page. Without this file the page works all the same.
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

    class SmsText {
        /* `unicode` false: the gateway puts `replacement` for what GSM lacks; else such a character makes it Unicode. */
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

        /* Code points; half a surrogate pair is no character, and reads as U+FFFD. */
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

        /* What says the same in GSM as `char`: by the table, or for a letter the one below its accents; else null. */
        static plain(char, simpler) {
            if (char in simpler) {
                return simpler[char];
            }
            const letter = char.normalize("NFD").replace(/\p{M}/gu, "");
            return letter && letter !== char && [...letter].every(SmsText.isGsm) ? letter : null;
        }

        /* The text with the characters of the table as plain ones, and letters that came in two parts joined. */
        static simplify(text, simpler) {
            return [...text.normalize("NFC")].map(char => simpler[char] ?? char).join("");
        }

        /* Segments, and units free in the last one; what takes two units never parts. */
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

    const QUIET = 600; // milliseconds without a key before numbers are checked and the count is spoken

    class Composer {
        #form;
        #config;
        #checking = null;
        #speaking = 0;
        #asking = 0;
        #checked = "";
        #listed = "";

        constructor(form) {
            this.#form = form;
            this.#config = JSON.parse(document.getElementById(form.dataset.composer).textContent);
            form.classList.add("fs-live");
            form.addEventListener("input", event => this.#changed(event.target));
            this.#part("simplify", "do").addEventListener("click", () =>
                this.#rewrite(SmsText.simplify(this.#text.value, this.#config.simpler)),
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
            this.#write("characters", length);
            this.#part("characters").parentElement.classList.toggle("fs-over", length > this.#config.most);
            this.#write("encoding", this.#config.words[shown.encoding]);
            this.#write("segments", shown.segments);
            this.#write("left", shown.unitsLeft);
            this.#part("parts").replaceChildren(
                ...Array.from({ length: shown.segments }, () => document.createElement("i")),
            );
            this.#count(shown.segments);
            this.#mark("bubble", this.#options.unicode === false ? () => this.#config.replacement : char => char);
            this.#mark("behind", char => char);
            this.#part("behind").append("\u200b"); // so that a last empty line has its height
            this.#list(shown.foreign, shown.encoding);
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

        #list(foreign, encoding) {
            const box = this.#part("foreign");
            box.hidden = !foreign.length;
            box.querySelectorAll("[data-when]").forEach(each => (each.hidden = each.dataset.when !== encoding));
            const chars = foreign.join("");
            if (chars !== this.#listed) { // a button that is about to be clicked must stay the same button
                this.#part("chars").replaceChildren(...foreign.map(char => this.#chip(char)));
                this.#listed = chars;
            }
            const text = this.#text.value;
            this.#part("simplify", "do").hidden = SmsText.simplify(text, this.#config.simpler) === text;
        }

        #chip(char) {
            const { names, simpler, words } = this.#config;
            const item = document.createElement("li");
            const by = SmsText.plain(char, simpler);
            const name = names[char] ?? char;
            if (by === null) {
                const mark = document.createElement("mark");
                mark.textContent = name;
                item.append(mark);
                return item;
            }
            const button = document.createElement("button");
            const mark = document.createElement("mark");
            mark.textContent = name;
            button.type = "button";
            button.append(mark, " → ", by.trim() || (by ? "␣" : words.nothing));
            button.setAttribute("aria-label", words.fix.replace("{char}", name).replace("{by}", by.trim() || words.nothing));
            button.addEventListener("click", () => this.#rewrite(this.#text.value.replaceAll(char, by)));
            item.append(button);
            return item;
        }

        /* As if it had been typed: it can be undone. */
        #rewrite(text) {
            this.#text.focus();
            this.#text.select();
            if (!document.execCommand("insertText", false, text)) {
                this.#text.value = text;
            }
            this.#changed(this.#text);
        }

        #speak() {
            const words = this.#config.words;
            const told = name => this.#part(name).textContent;
            const values = { segments: told("segments"), characters: told("characters"), left: told("left") };
            const all = { ...values, most: this.#config.most, encoding: told("encoding") };
            const over = Number(values.characters) > this.#config.most ? ` ${words.too_long}` : "";
            this.#write("spoken", words.spoken.replace(/\{(\w+)\}/g, (_, name) => all[name]) + over);
        }

        // The numbers

        #count(segments) {
            const box = this.#part("recipients");
            const written = this.#form.elements.to.value.split(/[\r\n,;\t]/).filter(part => part.trim()).length;
            const fresh = this.#question() === this.#checked && box.querySelector("[data-accepted]");
            const count = fresh ? Number(fresh.dataset.accepted) : written;
            this.#write("count", count);
            if (this.#config.price !== null) {
                const amount = Math.round((count * segments * this.#config.price) / 10000) / 100;
                const options = { minimumFractionDigits: 2, maximumFractionDigits: 2, useGrouping: false };
                const written = amount.toLocaleString(document.documentElement.lang || undefined, options);
                this.#write("cost", this.#config.words.cost.replace("{amount}", written));
            }
        }

        /* Of what the answer about the numbers depends. */
        #question() {
            const { to, account, sender, ignore_opt_out: anyway } = this.#form.elements;
            return [to.value, account.value, sender.value, anyway?.checked].join("\u0000");
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
                    body: new FormData(this.#form),
                    signal: this.#checking.signal,
                });
                if (!answer.ok || answer.redirected) {
                    throw new Error(answer.status);
                }
                box.innerHTML = await answer.text(); // our own page's piece, escaped by the server
                this.#checked = question;
            } catch (error) {
                if (error.name === "AbortError") {
                    return;
                }
                box.textContent = this.#form.elements.to.value.trim() ? this.#config.words.later : "";
            }
            this.#show();
        }

        // What goes together

        #suit() {
            const { account, sender, how } = this.#form.elements;
            const bulk = how?.value === "bulk";
            for (const name of ["priority", "scheduled_at", "expires_at"]) {
                this.#form.elements[name].disabled = bulk;
            }
            sender.placeholder = this.#config.senders[account.value] ?? "";
            this.#write("sender", sender.value.trim() || sender.placeholder);
        }
    }

    /* A second click on "Send" does nothing; a page that the browser brings back can be used again. */
    function once(form) {
        let gone = false;
        form.addEventListener("submit", event => {
            if (gone) {
                event.preventDefault();
            }
            gone = true;
            form.setAttribute("aria-busy", "true");
        });
        window.addEventListener("pageshow", () => {
            gone = false;
            form.removeAttribute("aria-busy");
        });
    }

    globalThis.frontSms = Object.assign(globalThis.frontSms ?? {}, { SmsText, Composer });
    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll("form[data-composer]").forEach(form => new Composer(form));
        document.querySelectorAll("form[data-once]").forEach(once);
    });
})();
