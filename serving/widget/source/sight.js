const SEEN_MS = 1000;
const STEPS = Array.from({ length: 21 }, (_, step) => step / 20);

/** Calls `seen(place)` once for each card that was really looked at: half of it, or half a screen, for a second. */
class Sight {
  #cards;
  #seen;
  #timers = new Map();
  #inSight = new Set();
  #observer;

  constructor(cards, seen) {
    this.#cards = cards;
    this.#seen = seen;
    this.#observer = new IntersectionObserver((entries) => entries.forEach((entry) => this.#look(entry)), { threshold: STEPS });
    for (const card of cards) this.#observer.observe(card);
    document.addEventListener("visibilitychange", this.#turn);
  }

  close() {
    this.#observer.disconnect();
    document.removeEventListener("visibilitychange", this.#turn);
    for (const card of [...this.#timers.keys()]) this.#stop(card);
  }

  #look({ target, intersectionRatio, intersectionRect }) {
    const enough = intersectionRatio >= 0.5 || intersectionRect.height >= innerHeight / 2;
    if (enough) this.#inSight.add(target);
    else this.#inSight.delete(target);
    if (enough) this.#start(target);
    else this.#stop(target);
  }

  /** A page in a background tab is seen by nobody. */
  #turn = () => {
    for (const card of this.#inSight) document.hidden ? this.#stop(card) : this.#start(card);
  };

  #start(card) {
    if (this.#timers.has(card) || document.hidden) return;
    this.#timers.set(card, setTimeout(() => this.#done(card), SEEN_MS));
  }

  #stop(card) {
    clearTimeout(this.#timers.get(card));
    this.#timers.delete(card);
  }

  #done(card) {
    this.#timers.delete(card);
    if (card.checkVisibility && !card.checkVisibility({ opacityProperty: true, visibilityProperty: true })) {
      this.#start(card); // laid out, but not to be seen: look again
      return;
    }
    this.#inSight.delete(card);
    this.#observer.unobserve(card);
    this.#seen(this.#cards.indexOf(card));
  }
}
