// The screen works without this script; with it, hits appear while typing and the timeline grows in place.

const field = document.getElementById("q");
const box = document.getElementById("hits");
const PAUSE_MS = 160;

async function fragment(address, signal) {
  const answer = await fetch(address, { signal });
  if (answer.status === 401) location.reload(); // the session has ended: the page becomes the sign-in page
  if (!answer.ok) throw new Error(`${answer.status}`);
  const template = document.createElement("template");
  template.innerHTML = await answer.text(); // our own server's page, escaped there
  return template.content;
}

// Search -------------------------------------------------------------------------------------------------

let pending = new AbortController();
let timer = 0;
let shown = field?.value.trim();

async function search() {
  const query = field.value.trim();
  if (query === shown) return;
  pending.abort();
  pending = new AbortController();
  const { signal } = pending;
  try {
    box.replaceChildren(await fragment(`/crm/search?${new URLSearchParams({ q: query })}`, signal));
    shown = query;
    if (location.pathname === "/crm") history.replaceState(null, "", query ? `/crm?${new URLSearchParams({ q: query })}` : "/crm");
  } catch {
    if (!signal.aborted) sayFailed();
  }
}

function problem(words) {
  const line = document.createElement("p");
  line.className = "problem";
  line.role = "alert";
  line.textContent = words;
  return line;
}

function sayFailed() {
  box.replaceChildren(problem(field.form.dataset.failed));
  shown = null;
}

const hits = () => [...box.querySelectorAll(".hit")];

function clearHits() {
  field.value = "";
  search();
}

function step(event) {
  const stops = [field, ...hits()];
  const next = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  if (next < 0 || next >= stops.length) return;
  event.preventDefault();
  stops[next].focus();
}

function searchKeys(event) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event);
  if (event.key !== "Escape") return;
  if (document.activeElement === field) clearHits();
  else field.focus();
}

/** Enter opens the only hit, or goes to the first of several; who types faster than we find is waited for. */
async function choose(event) {
  event.preventDefault();
  clearTimeout(timer);
  await search();
  const found = hits();
  if (field.value.trim() !== shown || !found.length) return;
  if (found.length === 1) location.assign(found[0].href);
  else found[0].focus();
}

if (field) {
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE_MS);
  });
  field.form.addEventListener("submit", choose);
  for (const part of [field, box]) part.addEventListener("keydown", searchKeys);
}

// Timeline -----------------------------------------------------------------------------------------------

const timeline = document.querySelector(".timeline");
const filter = timeline?.querySelector(".filter");

/** The filter as an address: what is left empty is left out. */
function wished() {
  const filled = [...new FormData(filter)].filter(([, value]) => value);
  return new URLSearchParams(filled).toString();
}

/** Tell those who do not see the page what has come. */
function say(part) {
  timeline.querySelector(".said").textContent = part.querySelector("[data-said]")?.dataset.said ?? "";
}

let asked = new AbortController();

async function narrow() {
  if (!filter.checkValidity()) return;
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  const pages = timeline.querySelector(".pages");
  const query = wished();
  pages.setAttribute("aria-busy", "true");
  try {
    const found = await fragment(`${filter.dataset.fragment}?${query}`, signal);
    say(found);
    pages.replaceChildren(found);
    history.replaceState(null, "", `${location.pathname}${query && "?"}${query}#timeline`);
    timeline.querySelector(".newest")?.remove();
  } catch {
    if (signal.aborted) return;
    pages.prepend(problem(filter.dataset.failed));
  }
  pages.removeAttribute("aria-busy");
}

async function loadMore(link) {
  link.setAttribute("aria-busy", "true");
  try {
    const older = await fragment(link.dataset.fragment);
    const first = older.querySelector(".stop");
    say(older);
    link.closest(".more").replaceWith(older);
    first?.setAttribute("tabindex", "-1");
    first?.focus({ preventScroll: true });
  } catch {
    link.textContent = link.dataset.failed;
    link.removeAttribute("aria-busy");
  }
}

if (filter) {
  filter.classList.add("at-once");
  filter.addEventListener("change", narrow);
  filter.addEventListener("submit", (event) => {
    event.preventDefault();
    narrow();
  });
  timeline.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-fragment]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.getAttribute("aria-busy") !== "true") loadMore(link);
  });
}

// Parts that take longer than the page ---------------------------------------------------------------------

for (const place of document.querySelectorAll("[data-lazy]")) {
  place.setAttribute("aria-busy", "true");
  fragment(place.dataset.lazy)
    .then((part) => place.replaceChildren(part))
    .catch(() => place.prepend(problem(place.dataset.failed)))
    .finally(() => place.removeAttribute("aria-busy"));
}
