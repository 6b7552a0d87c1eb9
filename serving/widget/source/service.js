const TIMEOUT_MS = 5000;
const LONGEST_PAUSE_MS = 5000;
const MOST_PAUSES = 2;

/** The service did not answer with a list. status: 0 if it did not answer at all. wait: ms until it wants to be asked. */
class Refused extends Error {
  constructor(status, wait = 0) {
    super(`answered ${status}`);
    this.status = status;
    this.wait = wait;
  }
}

/** How long an overloaded service wants to be left alone, in ms; null: it did not say. */
function waitOf(answer) {
  const said = [429, 503].includes(answer.status) ? answer.headers.get("Retry-After") : null;
  if (said == null) return null;
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : null;
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(new Refused(0))), { once: true });
  });
}

/** Talks to the service for one element: with its token, within a bound of time, as patient as the service asks. */
class Service {
  #element;
  #renewed = null;

  constructor(element) {
    this.#element = element;
  }

  /** The token in the page has changed: what was renewed before counts no more. */
  forgetToken() {
    this.#renewed = null;
  }

  async recommend(question, signal) {
    if (!this.#token) await this.#renew();
    for (let pauses = 0, renewed = false; ; ) {
      const { answer, list } = await this.#attempt(question, signal);
      if (list) return list;
      if (answer.status === 401 && !renewed && (await this.#renew())) {
        renewed = true;
        continue;
      }
      const wait = waitOf(answer);
      if (wait == null || wait > LONGEST_PAUSE_MS || pauses >= MOST_PAUSES) throw new Refused(answer.status, wait ?? 0);
      pauses += 1;
      await pause(wait, signal);
    }
  }

  /** Feedback is a courtesy: when it fails, the visitor must not notice. It outlives the page (keepalive). */
  async tell(feedback) {
    try {
      const answer = await this.#post("/feedback", feedback, { keepalive: true });
      if (answer.status === 401 && (await this.#renew())) await this.#post("/feedback", feedback, { keepalive: true });
    } catch {
      // the next one may come through
    }
  }

  async #attempt(question, signal) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    const timer = setTimeout(stop, TIMEOUT_MS);
    signal.addEventListener("abort", stop);
    try {
      const answer = await this.#post("/recommend", question, { signal: attempt.signal });
      return { answer, list: answer.ok ? await answer.json() : null };
    } catch {
      throw new Refused(0);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  get #token() {
    return this.#renewed ?? this.#element.getAttribute("token");
  }

  /** Ask the page for another token, by the event busflow:token or the property tokenProvider; say whether one came. */
  async #renew() {
    const offers = [];
    const detail = { provide: (token) => offers.push(token) };
    this.#element.dispatchEvent(new CustomEvent("busflow:token", { bubbles: true, composed: true, detail }));
    try {
      const offer = offers.length > 0 ? offers[0] : this.#element.tokenProvider?.();
      const token = await Promise.race([offer, pause(TIMEOUT_MS)]);
      if (token) this.#renewed = token;
      return Boolean(token);
    } catch {
      return false;
    }
  }

  #post(path, body, options) {
    return fetch(`${(this.#element.getAttribute("api") || ORIGIN).replace(/\/$/, "")}${path}`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${this.#token ?? ""}`,
        "Content-Type": "application/json",
        "Accept-Language": this.#element.language,
      },
      body: JSON.stringify(body),
      credentials: "omit",
      ...options,
    });
  }
}
