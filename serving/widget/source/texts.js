/** Everything the widget says, in the languages it speaks. */
const TEXTS = {
  de: {
    locale: "de-DE",
    list: "Reisevorschläge",
    loading: "Reisevorschläge werden geladen",
    loaded: (n) => (n === 1 ? "1 Reisevorschlag" : `${n} Reisevorschläge`),
    from: "ab",
    nights: (n) => (n === 0 ? "Tagesfahrt" : n === 1 ? "1 Nacht" : `${n} Nächte`),
    few: (n) => (n === 1 ? "Nur noch 1 Platz frei" : `Nur noch ${n} Plätze frei`),
    book: "Zur Reise",
    empty: "Im Augenblick ist keine Reise frei, die passt. Schauen Sie gern bald wieder herein.",
    failed: "Die Reisevorschläge lassen sich gerade nicht laden.",
    later: (n) => (n === 1 ? "Bitte warten Sie eine Sekunde." : `Bitte warten Sie ${n} Sekunden.`),
    retry: "Noch einmal versuchen",
  },
  en: {
    locale: "en-GB",
    list: "Suggested tours",
    loading: "Loading suggested tours",
    loaded: (n) => (n === 1 ? "1 suggested tour" : `${n} suggested tours`),
    from: "from",
    nights: (n) => (n === 0 ? "Day trip" : n === 1 ? "1 night" : `${n} nights`),
    few: (n) => (n === 1 ? "Only 1 seat left" : `Only ${n} seats left`),
    book: "View tour",
    empty: "No suitable tour has seats at the moment. Please look in again soon.",
    failed: "The suggested tours cannot be loaded right now.",
    later: (n) => (n === 1 ? "Please wait a second." : `Please wait ${n} seconds.`),
    retry: "Try again",
  },
};

/** Of a wish like "en-US" the language, one of ours, and the locale numbers and dates are written in. */
function speech(wish) {
  const language = wish.toLowerCase().startsWith("en") ? "en" : "de";
  const regional = wish.toLowerCase().startsWith(`${language}-`);
  try {
    return { language, locale: regional ? Intl.getCanonicalLocales(wish)[0] : TEXTS[language].locale };
  } catch {
    return { language, locale: TEXTS[language].locale }; // "en-" and the like
  }
}

/** Dates are days without a time zone: 2027-05-08 is the eighth everywhere. */
function dayText(day, locale) {
  const format = { weekday: "short", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return new Intl.DateTimeFormat(locale, format).format(new Date(`${day}T00:00:00Z`));
}

function priceText(tour, locale) {
  const format = { style: "currency", currency: tour.currency, minimumFractionDigits: Number(tour.price) % 1 ? 2 : 0 };
  return new Intl.NumberFormat(locale, format).format(tour.price);
}
