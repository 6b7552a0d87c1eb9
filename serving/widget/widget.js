/*
 * <busflow-tours>: tours a visitor can really book, each with a true reason. One script tag, no framework.
 *
 *   <script src="https://ci.example/widget.js" defer></script>
 *   <busflow-tours token="…" link="/reisen/{tour_id}?termin={departure_id}"></busflow-tours>
 *
 * So that nothing jumps while the script itself is on its way, the site's own style sheet keeps the place free:
 *
 *   busflow-tours:not(:defined) { display: block; min-height: 25rem }
 *   @media (max-width: 40rem) { busflow-tours:not(:defined) { min-height: 80rem } }
 *
 * Attributes (a change of one asks anew)
 *   token           the operator's widget token (required)
 *   api             base address of the service; default: where this script came from
 *   lang            de | en; default: the language of the document
 *   customer        customer id of a signed-in visitor, if the token names that customer
 *   n               how many tours (default 3)
 *   viewed          ids of tours the visitor has looked at, separated by commas
 *   boarding-point  id of the stop the visitor wants to board at
 *   link            address of the booking page with {tour_id}, {departure_id}; without it the button only tells
 *
 * Event  busflow:select {tour_id, departure_id, recommendation_id}: bubbles; preventDefault() keeps the visitor here.
 *
 * Looks, as CSS variables on the element (defaults in brackets)
 *   --busflow-accent [#0d5563]  --busflow-on-accent [#fff]   --busflow-text [#1c2528]  --busflow-muted [#566469]
 *   --busflow-surface [#fff]    --busflow-border [#d9d6cf]   --busflow-alert [#a5331f] --busflow-skeleton [#e4e2dc]
 *   --busflow-radius [14px]     --busflow-gap [1.25rem]      --busflow-font [inherit]  --busflow-focus [#c77700]
 *   and ::part(card), ::part(scene), ::part(button)
 */
(() => {
  "use strict";

  const ORIGIN = new URL(document.currentScript?.src ?? location.href).origin;
  const TIMEOUT_MS = 5000;
  const FEW_SEATS = 5;

  const TEXTS = {
    de: {
      list: "Reisevorschläge",
      loading: "Reisevorschläge werden geladen",
      loaded: (n) => (n === 1 ? "1 Reisevorschlag" : `${n} Reisevorschläge`),
      from: "ab",
      nights: (n) => (n === 0 ? "Tagesfahrt" : n === 1 ? "1 Nacht" : `${n} Nächte`),
      few: (n) => (n === 1 ? "Nur noch 1 Platz frei" : `Nur noch ${n} Plätze frei`),
      book: "Zur Reise",
      empty: "Im Augenblick ist keine Reise frei, die passt. Schauen Sie gern bald wieder herein.",
      failed: "Die Reisevorschläge lassen sich gerade nicht laden.",
      retry: "Noch einmal versuchen",
    },
    en: {
      list: "Suggested tours",
      loading: "Loading suggested tours",
      loaded: (n) => (n === 1 ? "1 suggested tour" : `${n} suggested tours`),
      from: "from",
      nights: (n) => (n === 0 ? "Day trip" : n === 1 ? "1 night" : `${n} nights`),
      few: (n) => (n === 1 ? "Only 1 seat left" : `Only ${n} seats left`),
      book: "View tour",
      empty: "No suitable tour has seats at the moment. Please look in again soon.",
      failed: "The suggested tours cannot be loaded right now.",
      retry: "Try again",
    },
  };

  const CSS = `
:host { display: block; --_accent: var(--busflow-accent, #0d5563); --_on: var(--busflow-on-accent, #fff);
  --_text: var(--busflow-text, #1c2528); --_muted: var(--busflow-muted, #566469);
  --_surface: var(--busflow-surface, #fff); --_border: var(--busflow-border, #d9d6cf);
  --_alert: var(--busflow-alert, #a5331f); --_bone: var(--busflow-skeleton, #e4e2dc);
  --_radius: var(--busflow-radius, 14px);
  color: var(--_text); font-family: var(--busflow-font, inherit); font-size: 1.0625rem; line-height: 1.5; }
:host([hidden]) { display: none; }
* { box-sizing: border-box; margin: 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.box:focus { outline: none; }
ul { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 16.5rem), 1fr));
  gap: var(--busflow-gap, 1.25rem); padding: 0; list-style: none; }
li { display: flex; flex-direction: column; max-width: 32rem; overflow: hidden;
  background: var(--_surface); border: 1px solid var(--_border); border-radius: var(--_radius); }
svg, .bone.scene { display: block; width: 100%; height: auto; flex: none; aspect-ratio: 8 / 3; }
.body { display: flex; flex-direction: column; flex: 1; min-height: 17rem; padding: 1rem 1.2rem 1.2rem; overflow-wrap: anywhere; }
h3 { font-size: 1.25rem; line-height: 1.25; text-wrap: balance; }
.when { margin-top: .3rem; color: var(--_muted); }
.why { margin-top: .6rem; }
.few { margin-top: .6rem; color: var(--_alert); font-weight: 600; }
.foot { display: flex; flex-wrap: wrap; align-items: end; justify-content: space-between; gap: .6rem 1rem;
  margin-top: auto; padding-top: 1rem; }
.price { line-height: 1.2; }
.price b { font-size: 1.4rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.button { display: inline-block; min-height: 3rem; padding: .7rem 1.35rem; border: 0; cursor: pointer;
  border-radius: calc(var(--_radius) * .7); background: var(--_accent); color: var(--_on); font: inherit;
  font-weight: 650; line-height: 1.6rem; text-decoration: none; white-space: nowrap; }
.button:hover { box-shadow: inset 0 0 0 99px rgb(0 0 0 / 14%); }
.button:focus-visible { outline: 3px solid var(--busflow-focus, #c77700); outline-offset: 3px; }
.note { display: grid; align-content: center; justify-items: center; gap: 1.1rem; padding: 2rem 1.25rem;
  min-height: min(24rem, var(--_kept, 0px)); text-align: center; font-size: 1.125rem; text-wrap: balance;
  background: var(--_surface); border: 1px solid var(--_border); border-radius: var(--_radius); }
.note svg { width: 9rem; aspect-ratio: 2; }
.wrap { min-height: var(--_kept, 0px); }
.bone { height: 1em; border-radius: 6px; background: var(--_bone); }
.bone + .bone { margin-top: .8rem; }
.bone.scene { border-radius: 0; }
.bone.wide { width: 82%; height: 1.5em; } .bone.mid { width: 58%; } .bone.last { margin-top: auto; height: 3rem; }
@media (prefers-reduced-motion: no-preference) {
  .bone { animation: breathe 1.6s ease-in-out infinite alternate; }
  .button { transition: box-shadow .15s; }
  @keyframes breathe { to { opacity: .5; } }
}`;

  /* The little landscapes: sky, sun, far, near; shapes drawn on a 320 x 120 field. */
  const HILLS = ["M0 82Q60 44 130 72T320 58V120H0Z", "M0 100Q90 70 180 94T320 86V120H0Z"];
  const SCENES = [
    [/advent|weihnacht|christkind|christmas|winter|silvester/i, "#23395b", "#f3e3b3", "#4d6d96", "#eef3f7", ...HILLS],
    [/nordsee|ostsee|meer|küste|sylt|föhr|rügen|usedom|strand|\bsea\b|coast|beach/i, "#cfe8ee", "#fff6d8", "#5aa6b5", "#e9d8ae",
      "M0 66H320V120H0Z", "M0 104Q70 84 150 98T320 92V120H0Z"],
    [/see\b|\blake|fluss|donau|rhein|mosel|river/i, "#dcecdf", "#fff3c4", "#6f9f7d", "#5f9fb8",
      "M0 74Q50 40 110 66T220 52T320 70V90H0Z", "M0 88H320V120H0Z"],
    [/alpen|\bberge?\b|harz|tirol|allgäu|dolomit|südtirol|alps|mountain/i, "#d9e6f2", "#fff2cc", "#8299b0", "#5d8a68",
      "M0 92L52 38L86 68L138 18L196 74L236 42L320 90V120H0Z", "M0 100Q80 76 170 96T320 88V120H0Z"],
    [/stadt|städte|musical|kultur|konzert|theater|city|culture|concert/i, "#f7dfc9", "#fff1d0", "#b9796a", "#7d4f57",
      "M0 120V70h34V52h20v18h26V36l12-14 12 14v30h30V58h40v16h26V44h22v28h30V60h34v14h34v46Z",
      "M0 120V96h60V84h40v14h70V88h54v12h46V90h50v30Z"],
    [/./, "#e6edd8", "#fff0c2", "#a9bf86", "#7fa168", ...HILLS],
  ];

  function draw(name, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  function scene(tour) {
    const words = [tour.theme, tour.region, tour.name, tour.family_id, "-"].join(" ");
    const [, sky, sun, far, near, back, front] = SCENES.find(([pattern]) => pattern.test(words));
    return draw("svg", { viewBox: "0 0 320 120", preserveAspectRatio: "xMidYMax slice", "aria-hidden": "true", part: "scene" },
      draw("rect", { width: 320, height: 120, fill: sky }),
      draw("circle", { cx: 250, cy: 40, r: 19, fill: sun }),
      draw("path", { d: back, fill: far }),
      draw("path", { d: front, fill: near }));
  }

  function coach() {
    const wheel = (cx) => draw("circle", { cx, cy: 50, r: 6, fill: "var(--_text)" });
    return draw("svg", { viewBox: "0 0 120 60", "aria-hidden": "true" },
      draw("path", { d: "M4 57H116", stroke: "var(--_border)", "stroke-width": 3, "stroke-linecap": "round" }),
      draw("path", { d: "M16 18a6 6 0 0 1 6-6H92q7 0 9 7l5 17v14H16Z", fill: "var(--_accent)" }),
      draw("path", { d: "M23 20h15v13H23zM43 20h15v13H43zM63 20h15v13H63zM83 20h9q3 0 4 3l3 10H83Z", fill: "var(--_surface)" }),
      wheel(36), wheel(88));
  }

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

  /** Dates are days without a time zone: 2027-05-08 is the eighth everywhere. */
  function dayText(day, language) {
    const format = { weekday: "short", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
    return new Intl.DateTimeFormat(language === "de" ? "de-DE" : "en-GB", format).format(new Date(`${day}T00:00:00Z`));
  }

  function priceText(tour, language) {
    const format = { style: "currency", currency: tour.currency, minimumFractionDigits: Number(tour.price) % 1 ? 2 : 0 };
    return new Intl.NumberFormat(language === "de" ? "de-DE" : "en-GB", format).format(tour.price);
  }

  /** Styles without a <style> element, which the host site's CSP may forbid; old browsers get one all the same. */
  function dress(root) {
    if (!("adoptedStyleSheets" in root)) return root.append(make("style", { textContent: CSS }));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  }

  const priced = (tour) => tour.price != null && tour.currency;

  class BusflowTours extends HTMLElement {
    static observedAttributes = ["api", "token", "lang", "customer", "n", "viewed", "boarding-point", "link"];

    #root = this.attachShadow({ mode: "open" });
    #status = make("p", { className: "unseen", role: "status" });
    #wrap = make("div", { className: "wrap" });
    #box = make("div", { className: "box", tabIndex: -1 }, this.#status, this.#wrap);
    #request = new AbortController();
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
      this.#sight?.disconnect();
    }

    attributeChangedCallback(name, before, after) {
      if (before !== after && this.isConnected) this.#askSoon();
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

    get #language() {
      const wish = this.getAttribute("lang") || document.documentElement.lang;
      return wish.toLowerCase().startsWith("en") ? "en" : "de";
    }

    get #texts() {
      return TEXTS[this.#language];
    }

    get #count() {
      return Math.min(Math.max(Number.parseInt(this.getAttribute("n"), 10) || 3, 1), 24);
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

    #post(path, body, options) {
      return fetch(`${(this.getAttribute("api") || ORIGIN).replace(/\/$/, "")}${path}`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${this.getAttribute("token") ?? ""}`,
          "Content-Type": "application/json",
          "Accept-Language": this.#language,
        },
        body: JSON.stringify(body),
        ...options,
      });
    }

    async #ask() {
      this.#request.abort();
      const request = (this.#request = new AbortController());
      this.#showLoading();
      const timer = setTimeout(() => request.abort("timeout"), TIMEOUT_MS);
      try {
        const answer = await this.#post("/recommend", this.#question, { signal: request.signal });
        if (!answer.ok) throw new Error(`recommend answered ${answer.status}`);
        const recommended = await answer.json();
        if (request === this.#request) this.#show(recommended);
      } catch {
        if (request === this.#request && this.isConnected) this.#showFailed();
      } finally {
        clearTimeout(timer);
      }
    }

    #fill(content, announcement) {
      this.#sight?.disconnect();
      this.#wrap.replaceChildren(content);
      this.#status.textContent = announcement;
    }

    #list(cards) {
      return make("ul", { role: "list", "aria-label": this.#texts.list }, ...cards);
    }

    #showLoading() {
      this.#wrap.style.removeProperty("--_kept");
      this.#box.lang = this.#language;
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

    #showFailed() {
      this.#settle();
      const retry = make("button", { className: "button", type: "button", part: "button", textContent: this.#texts.retry });
      retry.addEventListener("click", () => {
        this.#box.focus();
        this.#ask();
      });
      this.#fill(make("div", { className: "note" }, coach(), make("p", { textContent: this.#texts.failed }), retry), this.#texts.failed);
    }

    #show(recommended) {
      this.#settle();
      const tours = recommended.items;
      if (tours.length === 0) {
        const empty = make("div", { className: "note" }, coach(), make("p", { textContent: this.#texts.empty }));
        this.#fill(empty, this.#texts.empty);
        return;
      }
      const cards = tours.map((tour) => this.#card(tour, recommended.recommendation_id));
      this.#fill(this.#list(cards), this.#texts.loaded(tours.length));
      this.#watch(cards, tours, recommended.recommendation_id);
    }

    #card(tour, recommendationId) {
      const texts = this.#texts;
      const when = [
        tour.departs_on && dayText(tour.departs_on, this.#language),
        tour.nights != null && texts.nights(tour.nights),
      ];
      const few = tour.seats_left != null && tour.seats_left <= FEW_SEATS;
      return make("li", { part: "card" }, scene(tour),
        make("div", { className: "body" },
          make("h3", { textContent: tour.name }),
          make("p", { className: "when", textContent: when.filter(Boolean).join(" · ") }),
          make("p", { className: "why", textContent: tour.reason.text }),
          few ? make("p", { className: "few", textContent: texts.few(tour.seats_left) }) : null,
          make("div", { className: "foot" }, this.#price(tour), this.#button(tour, recommendationId))));
    }

    #price(tour) {
      if (!priced(tour)) return make("span", {});
      return make("p", { className: "price" }, `${this.#texts.from} `, make("b", { textContent: priceText(tour, this.#language) }));
    }

    #button(tour, recommendationId) {
      const link = this.getAttribute("link");
      const fill = (_, name) => encodeURIComponent(tour[name] ?? "");
      const text = this.#texts.book;
      const looks = { className: "button", part: "button", textContent: text, "aria-label": `${text}: ${tour.name}` };
      const button = link
        ? make("a", { ...looks, href: link.replace(/\{(tour_id|departure_id)\}/g, fill) })
        : make("button", { ...looks, type: "button" });
      button.addEventListener("click", (event) => this.#select(event, tour, recommendationId));
      return button;
    }

    #select(click, tour, recommendation_id) {
      this.#tell("clicked", tour, recommendation_id);
      const detail = { tour_id: tour.tour_id, departure_id: tour.departure_id, recommendation_id };
      const select = new CustomEvent("busflow:select", { bubbles: true, composed: true, cancelable: true, detail });
      if (!this.dispatchEvent(select)) click.preventDefault();
    }

    /** A tour counts as shown once, when at least half of its card was on the screen. */
    #watch(cards, tours, recommendationId) {
      this.#sight = new IntersectionObserver((entries, sight) => {
        for (const { target, isIntersecting } of entries) {
          if (!isIntersecting) continue;
          sight.unobserve(target);
          this.#tell("shown", tours[cards.indexOf(target)], recommendationId);
        }
      }, { threshold: 0.5 });
      for (const card of cards) this.#sight.observe(card);
    }

    /** Feedback is a courtesy: when it fails, the visitor must not notice. */
    #tell(kind, tour, recommendation_id) {
      const feedback = { recommendation_id, kind, tour_id: tour.tour_id, position: tour.position };
      this.#post("/feedback", feedback, { keepalive: true }).catch(() => {});
    }
  }

  if (!customElements.get("busflow-tours")) customElements.define("busflow-tours", BusflowTours);
})();
