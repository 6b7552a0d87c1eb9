// Signing in. The token arrives in the fragment (which no server and no log ever sees) or is pasted,
// is posted once, and lives on in an HttpOnly cookie.

const form = document.getElementById("sign-in");

/** Take the token out of the address, so that neither history nor a shared screen shows it. */
function tokenFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

const enter = () =>
  location.replace(location.pathname === "/crm/session" ? "/crm" : location.pathname + location.search);

function tell(problem) {
  document.getElementById("working").hidden = true;
  const line = document.getElementById("problem");
  line.textContent = problem;
  line.hidden = false;
  form.elements.token.select();
}

function wordsFor(status) {
  if (status === 403) return form.dataset.wrongRole;
  return status === 401 ? form.dataset.refused : form.dataset.unreachable;
}

async function signIn(token) {
  if (form) document.getElementById("working").hidden = false;
  const body = new URLSearchParams({ token });
  const answer = await fetch("/crm/session", { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect" || !form) return enter();
  tell(wordsFor(answer?.status));
}

/** A link on another site brings people here without their cookie; our own page may use it. */
async function enterIfAlreadyIn() {
  const answer = await fetch("/crm/session").catch(() => null);
  if (answer?.status === 204) enter();
}

function start() {
  const token = tokenFromAddress();
  if (token) signIn(token);
  else if (form) enterIfAlreadyIn();
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(form.elements.token.value.trim());
});
// By fetch, since without a referrer a plain form says "Origin: null" where the page is not https.
document.getElementById("sign-out")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch("/crm/sign-out", { method: "POST", redirect: "manual" }).catch(() => null);
  location.replace("/crm");
});
addEventListener("hashchange", start);
start();
