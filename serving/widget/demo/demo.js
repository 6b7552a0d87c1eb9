// The demo page: hands the token and the customer of the address (#token=…&customer=…) to the widget.
// They are taken out of the address at once and kept for this tab only, so that reloading works.

const KEPT = "nordlicht-demo";
const tours = document.querySelector("busflow-tours");
const asVisitor = document.getElementById("as-visitor");
const asCustomer = document.getElementById("as-customer");
const chosen = document.getElementById("chosen-tour");

function fromAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  if (!fragment.has("token")) return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  const kept = { token: fragment.get("token"), customer: fragment.get("customer") };
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
  history.replaceState(null, "", location.pathname);
  return kept;
}

function viewAs(customer) {
  if (customer) tours.setAttribute("customer", customer);
  else tours.removeAttribute("customer");
  asCustomer.setAttribute("aria-pressed", String(Boolean(customer)));
  asVisitor.setAttribute("aria-pressed", String(!customer));
  chosen.textContent = "";
}

function speak(language) {
  document.documentElement.lang = language;
  tours.setAttribute("lang", language);
  for (const node of document.querySelectorAll("[data-en]")) {
    node.dataset.de ??= node.textContent;
    node.textContent = node.dataset[language];
  }
  for (const button of document.querySelectorAll("[data-lang]"))
    button.setAttribute("aria-pressed", String(button.dataset.lang === language));
  chosen.textContent = "";
}

function start() {
  const { token, customer } = fromAddress();
  if (token) tours.setAttribute("token", token);
  asCustomer.disabled = !customer;
  asCustomer.onclick = () => viewAs(customer);
  viewAs(customer);
}

asVisitor.addEventListener("click", () => viewAs(null));
for (const button of document.querySelectorAll("[data-lang]"))
  button.addEventListener("click", () => speak(button.dataset.lang));
document.addEventListener("busflow:select", ({ detail }) => {
  const words = document.documentElement.lang === "en" ? "Off to the booking of" : "Weiter zur Buchung von";
  chosen.textContent = `${words} ${detail.departure_id ?? detail.tour_id}`;
});
addEventListener("hashchange", () => location.hash.includes("token=") && start());
speak("de");
start();
