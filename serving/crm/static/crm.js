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

function sayFailed() {
  const line = document.createElement("p");
  line.className = "problem";
  line.role = "alert";
  line.textContent = field.form.dataset.failed;
  box.replaceChildren(line);
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

/** Enter opens the only hit, or goes to the first of several. */
function choose(event) {
  const found = hits();
  if (!found.length || field.value.trim() !== shown) return;
  event.preventDefault();
  if (found.length === 1) location.assign(found[0].href);
  else found[0].focus();
}

function isTyping(element) {
  return element.matches("input, textarea, select") || element.isContentEditable;
}

if (field) {
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE_MS);
  });
  field.form.addEventListener("submit", choose);
  for (const part of [field, box]) part.addEventListener("keydown", searchKeys);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || isTyping(event.target)) return;
    event.preventDefault();
    field.select();
  });
}

// Timeline -----------------------------------------------------------------------------------------------

const timeline = document.querySelector(".timeline");
const filter = timeline?.querySelector(".filter");
let source = "";

function applyFilter() {
  const stops = [...timeline.querySelectorAll(".stop")];
  for (const stop of stops) stop.hidden = source !== "" && stop.dataset.source !== source;
  timeline.querySelector(".nothing").hidden = stops.some((stop) => !stop.hidden);
}

function press(button) {
  source = button.dataset.source;
  for (const other of filter.querySelectorAll("button")) other.setAttribute("aria-pressed", other === button);
  applyFilter();
}

async function loadMore(link) {
  link.setAttribute("aria-busy", "true");
  try {
    const older = await fragment(link.dataset.fragment);
    const first = older.querySelector(".stop");
    link.closest(".more").replaceWith(older);
    applyFilter();
    first?.setAttribute("tabindex", "-1");
    first?.focus({ preventScroll: true });
  } catch {
    link.textContent = link.dataset.failed;
    link.removeAttribute("aria-busy");
  }
}

if (filter) {
  filter.hidden = false;
  filter.addEventListener("click", (event) => event.target.matches("button") && press(event.target));
  timeline.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-fragment]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.getAttribute("aria-busy") !== "true") loadMore(link);
  });
}
