// Keys, and the look of the page: what the device remembers about whoever sits at it.

const KEYS_OFF = "busflow-keys-off";
const dialog = document.getElementById("keys");
const choice = document.getElementById("keys-on");
const A_YEAR = 365 * 24 * 3600;

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // a browser that keeps nothing
  }
}

function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // it holds for this page only
  }
}

// Day and night --------------------------------------------------------------------------------------------

function wear(theme) {
  document.documentElement.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `busflow_crm_theme=${theme}; path=/crm; max-age=${A_YEAR}; samesite=strict${secure}`;
}

const shownWish = () => [...document.querySelectorAll("[data-theme-wish]")].find((link) => link.checkVisibility());

function swap(link) {
  const hadFocus = document.activeElement === link;
  wear(link.dataset.themeWish);
  if (hadFocus) shownWish()?.focus();
}

for (const link of document.querySelectorAll("[data-theme-wish]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    swap(link);
  });
}

// Keys -----------------------------------------------------------------------------------------------------

function search() {
  document.getElementById("q")?.select();
}

function toTimeline() {
  const timeline = document.getElementById("timeline");
  timeline?.scrollIntoView();
  timeline?.focus({ preventScroll: true });
}

const DOES = {
  "/": search,
  "?": () => dialog.showModal(),
  t: toTimeline,
  d: () => swap(shownWish()),
  p: () => print(),
};

const isTyping = (element) =>
  element.matches("input:not([type=radio], [type=checkbox]), textarea, select") || element.isContentEditable;

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (isTyping(event.target) || dialog.open || !choice.checked) return;
  const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  const does = link ? () => location.assign(link.href) : Object.hasOwn(DOES, event.key) && DOES[event.key];
  if (!does) return;
  event.preventDefault();
  does();
}

choice.checked = remembered(KEYS_OFF) === null;
choice.addEventListener("change", () => remember(KEYS_OFF, choice.checked ? null : "1"));
for (const button of document.querySelectorAll('[data-opens="keys"]')) {
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
}
addEventListener("keydown", press);
