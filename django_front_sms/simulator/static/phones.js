// Updates the page without touching the forms, so that a text being written is not lost.
const phones = document.getElementById("phones");
const live = document.getElementById("live");
const notice = document.getElementById("notice");
const panel = document.getElementById("panel");
const problem = document.getElementById("problem");
const wire = document.getElementById("wire");
const WIRE_SHOWN = 60;
const heads = new Map();
const threads = new Map();
let version = document.body.dataset.version;
let shownPanel = "";

function toEnd(thread) {
  thread.scrollTop = thread.scrollHeight;
}

function cardOf(number) {
  return [...phones.children].find((card) => card.dataset.number === number);
}

function showPhone(number, fresh) {
  const card = cardOf(number);
  if (!card) {
    phones.insertAdjacentHTML("afterbegin", fresh.phones[number]);
    toEnd(phones.firstElementChild.querySelector(".thread"));
  } else {
    if (heads.get(number) !== fresh.heads[number]) showHead(card, fresh.heads[number]);
    if (threads.get(number) !== fresh.threads[number]) showThread(card, fresh.threads[number]);
    showReplyTo(card.querySelector("input[name=to]"), fresh.replies[number]);
  }
  heads.set(number, fresh.heads[number]);
  threads.set(number, fresh.threads[number]);
}

function showHead(card, html) {
  const pressed = card.contains(document.activeElement) && document.activeElement.dataset.switch;
  card.querySelector(".head").innerHTML = html;
  if (pressed) card.querySelector(`[data-switch="${pressed}"]`).focus();
}

function showThread(card, html) {
  const thread = card.querySelector(".thread");
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 40;
  thread.innerHTML = html;
  if (atEnd) toEnd(thread);
}

// The number for a reply follows the conversation, unless the field was edited.
function showReplyTo(field, number) {
  if (field.value === field.defaultValue) field.value = number;
  field.defaultValue = number;
}

function showPanel(html) {
  if (html === shownPanel || panel.contains(document.activeElement)) return;
  panel.innerHTML = shownPanel = html;
}

function show(fresh) {
  version = fresh.version;
  if (notice.innerHTML !== fresh.notice) notice.innerHTML = fresh.notice;
  for (const number of [...fresh.order].reverse()) showPhone(number, fresh);
  for (const exchange of fresh.wire) wire.insertAdjacentHTML("afterbegin", exchange);
  while (wire.children.length > WIRE_SHOWN) wire.lastElementChild.remove();
  showPanel(fresh.panel);
}

function lastExchange() {
  return wire.firstElementChild ? wire.firstElementChild.dataset.number : 0;
}

// A long poll: the simulator answers as soon as something has changed.
async function follow() {
  for (;;) {
    try {
      const answer = await fetch(`/phones?version=${version}&wire=${lastExchange()}&wait=20`);
      if (answer.status === 200) show(await answer.json());
      live.className = "";
      live.textContent = "live";
    } catch {
      live.className = "lost";
      live.textContent = "no connection to the simulator";
      version = "";
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

async function control(name, document) {
  const answer = await fetch(`/control/${name}`, { method: "POST", body: JSON.stringify(document) });
  problem.textContent = answer.ok ? "" : (await answer.json()).problem;
}

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.type === "number") return field.value === "" ? null : Number(field.value);
  if (field.dataset.list) return field.value.trim() ? field.value.split(",").map((item) => item.trim()) : null;
  return field.value;
}

panel.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form.dataset.on !== "submit") control(form.dataset.control, { [event.target.name]: valueOf(event.target) });
});

panel.addEventListener("submit", (event) => {
  event.preventDefault();
  const named = [...event.target.elements].filter((field) => field.name);
  control(event.target.dataset.control, Object.fromEntries(named.map((field) => [field.name, valueOf(field)])));
});

phones.addEventListener("click", (event) => {
  const button = event.target.closest("[data-switch]");
  if (!button) return;
  const number = button.closest(".phone").dataset.number;
  control("phone", { number, [button.dataset.switch]: button.getAttribute("aria-pressed") !== "true" });
});

phones.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = new FormData(form);
  if (event.submitter && event.submitter.name) body.append(event.submitter.name, event.submitter.value);
  const answer = await fetch(form.action, { method: "POST", body });
  if (!answer.ok) return;
  for (const field of form.querySelectorAll("textarea, input[type=file]")) field.value = "";
});

phones.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && event.target.tagName === "TEXTAREA") {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("button:not([name])"));
  }
});

// A picture has no height until it is loaded.
phones.addEventListener("load", (event) => toEnd(event.target.closest(".thread")), true);

document.querySelectorAll(".thread").forEach(toEnd);
follow();
