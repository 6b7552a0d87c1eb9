const FEW_SEATS = 5;

/** An HTML element; texts go in as text, never as markup. */
function make(name, properties, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (/^(role|part|aria-.+)$/.test(key)) node.setAttribute(key, value);
    else node[key] = value;
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

const bone = (kind) => make("div", { className: `bone ${kind}` });

function skeletonCard() {
  return make("li", { "aria-hidden": "true" }, bone("scene"),
    make("div", { className: "body" }, bone("wide"), bone("mid"), bone(""), bone("mid"), bone("last")));
}

/** Styles without a <style> element, which the host site's CSP may forbid; old browsers get one all the same. */
function dress(root) {
  if (!("adoptedStyleSheets" in root)) return root.append(make("style", { textContent: CSS }));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  root.adoptedStyleSheets = [sheet];
}

const within = (text, least, most, otherwise) => Math.min(Math.max(Number.parseInt(text, 10) || otherwise, least), most);

class BusflowTours extends HTMLElement {
  static observedAttributes = ["api", "token", "lang", "customer", "n", "viewed", "boarding-point", "link", "heading"];

  /** An async function that returns a token: asked when there is none, or the one there was has expired. */
  tokenProvider = this.tokenProvider; // set by the page before this script came: kept

  #root = this.attachShadow({ mode: "open" });
  #status = make("p", { className: "unseen", role: "status" });
  #wrap = make("div", { className: "wrap" });
  #box = make("div", { className: "box", tabIndex: -1 }, this.#status, this.#wrap);
  #service = new Service(this);
  #request = new AbortController();
  #waiting = 0;
  #sight = null;
  #queued = false;

  constructor() {
    super();
    dress(this.#root);
    this.#root.append(this.#box);
  }

  connectedCallback() {
    this.#askSoon();
  }

  disconnectedCallback() {
    this.#request.abort();
    this.#sight?.close();
    clearTimeout(this.#waiting);
  }

  attributeChangedCallback(name, before, after) {
    if (name === "token") this.#service.forgetToken();
    if (before !== after && this.isConnected) this.#askSoon();
  }

  /** Ask anew, as after a booking on the same page. */
  reload() {
    this.#askSoon();
  }

  /** de or en. */
  get language() {
    return this.#speech.language;
  }

  /** Several attributes set in a row make one request. */
  #askSoon() {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      if (this.isConnected) this.#ask();
    });
  }

  get #speech() {
    return speech(this.getAttribute("lang") || document.documentElement.lang);
  }

  get #texts() {
    return TEXTS[this.language];
  }

  get #count() {
    return within(this.getAttribute("n"), 1, 24, 3);
  }

  get #question() {
    const viewed = (this.getAttribute("viewed") ?? "").split(",").map((id) => id.trim()).filter(Boolean);
    return {
      customer_id: this.getAttribute("customer") || undefined,
      viewed_tours: viewed,
      boarding_point: this.getAttribute("boarding-point") || undefined,
      n: this.#count,
    };
  }

  async #ask() {
    this.#request.abort();
    const request = (this.#request = new AbortController());
    this.#showLoading();
    try {
      const recommended = await this.#service.recommend(this.#question, request.signal);
      if (request === this.#request) this.#show(recommended);
    } catch (error) {
      if (request === this.#request && this.isConnected) this.#showFailed(error);
    }
  }

  /** Tell the page; false if it prevented what would follow. */
  #announce(name, detail) {
    return this.dispatchEvent(new CustomEvent(`busflow:${name}`, { bubbles: true, composed: true, cancelable: true, detail }));
  }

  #fill(content, announcement) {
    this.#sight?.close();
    clearTimeout(this.#waiting);
    this.#wrap.replaceChildren(content);
    this.#status.textContent = announcement;
  }

  #list(cards) {
    return make("ul", { role: "list", "aria-label": this.#texts.list }, ...cards);
  }

  #showLoading() {
    this.#wrap.style.removeProperty("--_kept");
    this.#box.lang = this.#speech.locale;
    this.#wrap.setAttribute("aria-busy", "true");
    this.#fill(this.#list(Array.from({ length: this.#count }, skeletonCard)), this.#texts.loading);
  }

  /** Keep the height that can be seen, so that nothing below jumps when less comes than was expected. */
  #settle() {
    this.#wrap.setAttribute("aria-busy", "false");
    const { top, height } = this.#wrap.getBoundingClientRect();
    const kept = Math.max(0, Math.min(height, innerHeight - top));
    this.#wrap.style.setProperty("--_kept", `${Math.ceil(kept)}px`);
  }

  #showFailed({ status = 0, wait = 0 }) {
    this.#settle();
    const texts = this.#texts;
    const later = wait > 0 ? ` ${texts.later(Math.ceil(wait / 1000))}` : "";
    const retry = make("button", { className: "button", type: "button", part: "button", textContent: texts.retry });
    retry.addEventListener("click", () => {
      if (retry.hasAttribute("aria-disabled")) return;
      this.#box.focus();
      this.#ask();
    });
    this.#fill(make("div", { className: "note", part: "note" }, coach(), make("p", { textContent: texts.failed + later }), retry),
      texts.failed + later);
    if (wait > 0) {
      retry.setAttribute("aria-disabled", "true");
      this.#waiting = setTimeout(() => retry.removeAttribute("aria-disabled"), Math.min(wait, 2 ** 31 - 1));
    }
    this.#announce("error", { status, retry_after: wait / 1000 });
  }

  #show({ items, recommendation_id, basis }) {
    this.#settle();
    if (items.length === 0) {
      const empty = make("div", { className: "note", part: "note" }, coach(), make("p", { textContent: this.#texts.empty }));
      this.#fill(empty, this.#texts.empty);
    } else {
      const cards = items.map((tour) => this.#card(tour, recommendation_id));
      this.#fill(this.#list(cards), this.#texts.loaded(items.length));
      this.#sight = new Sight(cards, (place) => this.#shown(items[place], recommendation_id));
    }
    this.#announce("load", { recommendation_id, basis, tours: items.length });
  }

  #card(tour, recommendationId) {
    const texts = this.#texts;
    const when = [
      tour.departs_on && dayText(tour.departs_on, this.#speech.locale),
      tour.nights != null && texts.nights(tour.nights),
    ];
    const few = tour.seats_left != null && tour.seats_left <= FEW_SEATS;
    const heading = `h${within(this.getAttribute("heading"), 2, 6, 3)}`;
    return make("li", { part: "card" }, scene(tour),
      make("div", { className: "body" },
        make(heading, { className: "title", textContent: tour.name }),
        make("p", { className: "when", textContent: when.filter(Boolean).join(" · ") }),
        make("p", { className: "why", textContent: tour.reason.text }),
        make("div", { className: "foot" },
          make("div", {}, this.#price(tour), few ? make("p", { className: "few", textContent: texts.few(tour.seats_left) }) : null),
          this.#button(tour, recommendationId))));
  }

  #price(tour) {
    if (tour.price == null || !tour.currency) return null;
    const price = make("b", { textContent: priceText(tour, this.#speech.locale) });
    return make("p", { className: "price" }, `${this.#texts.from} `, price);
  }

  #button(tour, recommendationId) {
    const link = this.getAttribute("link");
    const fill = (_, name) => encodeURIComponent(tour[name] ?? "");
    const text = this.#texts.book;
    const looks = { className: "button", part: "button", textContent: text, "aria-label": `${text}: ${tour.name}` };
    const button = link
      ? make("a", { ...looks, href: link.replace(/\{(tour_id|departure_id|family_id)\}/g, fill) })
      : make("button", { ...looks, type: "button" });
    button.addEventListener("click", (event) => this.#select(event, tour, recommendationId));
    return button;
  }

  #select(click, tour, recommendation_id) {
    this.#tell("clicked", tour, recommendation_id);
    const { tour_id, departure_id, position } = tour;
    if (!this.#announce("select", { tour_id, departure_id, recommendation_id, position })) click.preventDefault();
  }

  #shown(tour, recommendation_id) {
    this.#tell("shown", tour, recommendation_id);
    const { tour_id, departure_id, position } = tour;
    this.#announce("shown", { tour_id, departure_id, recommendation_id, position });
  }

  #tell(kind, { tour_id, position }, recommendation_id) {
    this.#service.tell({ recommendation_id, kind, tour_id, position });
  }
}

if (!customElements.get("busflow-tours")) customElements.define("busflow-tours", BusflowTours);
