// Keeps the phones fresh without touching the forms, so that nobody's half-written text is lost.
const phones = document.getElementById("phones");
const live = document.getElementById("live");
const notice = document.getElementById("notice");
const shown = new Map();
let version = document.body.dataset.version;

function toEnd(thread) {
  thread.scrollTop = thread.scrollHeight;
}

function cardOf(number) {
  return [...phones.children].find((card) => card.dataset.number === number);
}

function show(fresh) {
  version = fresh.version;
  if (notice.innerHTML !== fresh.notice) notice.innerHTML = fresh.notice;
  for (const number of fresh.order.toReversed()) {
    const card = cardOf(number);
    if (!card) { phones.insertAdjacentHTML("afterbegin", fresh.phones[number]); shown.set(number, fresh.threads[number]); continue; }
    if (shown.get(number) === fresh.threads[number]) continue;
    const thread = card.querySelector(".thread");
    const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 40;
    thread.innerHTML = fresh.threads[number];
    shown.set(number, fresh.threads[number]);
    if (atEnd) toEnd(thread);
  }
}

async function refresh() {
  try {
    const answer = await fetch(`/phones?version=${version}`);
    if (answer.status === 200) show(await answer.json());
    live.className = "";
    live.textContent = "live";
  } catch {
    live.className = "lost";
    live.textContent = "the simulator is gone";
  }
  setTimeout(refresh, 800);
}

phones.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
  if (!answer.ok) return;
  for (const field of form.querySelectorAll("textarea, input[type=file]")) field.value = "";
});

phones.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && event.target.tagName === "TEXTAREA") {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

// A picture has no height until it is there.
phones.addEventListener("load", (event) => toEnd(event.target.closest(".thread")), true);

document.querySelectorAll(".thread").forEach(toEnd);
refresh();
