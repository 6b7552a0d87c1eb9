"""What models, metrics, slices and pictures are called on a model card, German and English.

What is not listed is shown under its own name.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One language. kinds: of slices, as in "season=spring"; values: by kind; captions: by file name."""

    models: Mapping[str, str]
    metrics: Mapping[str, str]
    kinds: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    captions: Mapping[str, str]

    def slice(self, name: str) -> str:
        """Return a slice in words.

        >>> DE.slice("season=spring"), EN.slice("party=alone")
        ('Jahreszeit: Frühling', 'party: alone')
        """
        kind, _, value = name.partition("=")
        return f"{self.kinds.get(kind, kind)}: {self.values.get(kind, {}).get(value, value)}"


DE = Words(
    models={
        "champion": "bisheriges Modell",
        "lightgbm": "lernendes Modell (LightGBM)",
        "base_rate": "Durchschnitt aller Kunden",
        "recency_rule": "Regel: Zeit seit der letzten Buchung",
        "rfm_logistic": "Formel aus letzter Buchung, Anzahl und Umsatz (RFM)",
        "day_limits": "Regel: feste Grenzen von 90 und 180 Tagen",
        "bg_nbd": "Kaufmodell BG/NBD",
        "value": "gewähltes Modell",
        "mean_rate": "Regel: alle Kunden gleich",
        "same_as_last_period": "Regel: noch einmal so viel wie zuletzt",
        "bg_nbd_gamma_gamma": "Kaufmodell BG/NBD mit Gamma-Gamma",
        "season_popularity": "Beliebtheit der Saison",
        "repeat_or_new": "Beliebtheit und Wiederholung je Kunde",
        "also_booked": "gemeinsam gebuchte Reisen",
        "als": "Faktoren (ALS)",
        "graph_filter": "Nachbarschaft im Buchungsgraphen",
        "attributes": "ähnliche Reisen nach Merkmalen",
        "ease": "Zusammenhang der Reisen (EASE)",
        "similar_customers": "was ähnliche Kunden buchen",
        "blend": "Mischung der Stufen",
        "ranker": "Rangfolge durch LightGBM über allen Stufen",
        "global_popularity": "Beliebtheit über das ganze Jahr",
        "live_rung_alone": "gewählte Stufe ohne Wiederholung je Kunde",
        "channel": "gewähltes Modell",
        "clusters": "gelernte Gruppen",
        "revenue_tiers": "Regel: Gruppen nach Umsatz",
        "shrunk_rate": "Leserate je Kunde, zum Durchschnitt gezogen",
        "cohort_rate": "Leserate ähnlicher Kunden",
    },
    metrics={
        "auc": "Trennschärfe (AUC; 0,5 = Zufall, 1 = fehlerlos)",
        "brier": "Fehler der Wahrscheinlichkeiten (Brier)",
        "ece": "Abweichung von Vorhersage und Häufigkeit (ECE)",
        "average_precision": "mittlere Genauigkeit",
        "log_loss": "logarithmischer Fehler",
        "accuracy": "Anteil richtiger Ja/Nein-Aussagen",
        "recall@3": "gebuchte Reisen unter den ersten 3",
        "recall@5": "gebuchte Reisen unter den ersten 5",
        "ndcg@3": "Güte der Reihenfolge, erste 3 (nDCG)",
        "ndcg@5": "Güte der Reihenfolge, erste 5 (nDCG)",
        "count_deviance": "Fehler der Buchungszahl (Poisson-Devianz)",
        "mae_count": "mittlerer Fehler, Buchungen je Kunde",
        "rmse_count": "Streuung des Fehlers, Buchungen je Kunde",
        "total_count_error": "Fehler der Summe aller Buchungen",
        "mae_spend": "mittlerer Fehler, Umsatz je Kunde",
        "spearman_spend": "Güte der Rangfolge nach Umsatz (1 = fehlerlos)",
        "read_log_loss": "Fehler der Lesewahrscheinlichkeit",
        "bookings_coverage": "Kunden, deren Buchungen in der Spannweite lagen",
        "spend_coverage": "Kunden, deren Umsatz in der Spannweite lag",
        "hit_rate@3": "Kunden mit einem Treffer unter den ersten 3",
        "hit_rate@5": "Kunden mit einem Treffer unter den ersten 5",
        "coverage_shortfall": "Kunden außerhalb der Spannweite über das Zugesagte hinaus",
        "read_share_off": "Abweichung vom Anteil gelesener Nachrichten",
        "silhouette": "Trennung der Gruppen (Silhouette; -1 bis 1)",
    },
    kinds={
        "season": "Jahreszeit", "tenure": "Kunde seit", "party": "Reisegesellschaft", "region": "Postleitzahl",
        "channel": "Buchungsweg", "month": "Monat", "family": "Reise",
    },
    values={
        "season": {"winter": "Winter", "spring": "Frühling", "summer": "Sommer", "autumn": "Herbst"},
        "tenure": {"new": "unter 1 Jahr", "settled": "1 bis 3 Jahren", "old": "über 3 Jahren"},
        "party": {"alone": "allein", "pair": "zu zweit oder dritt", "group": "Gruppe"},
        "channel": {"web": "Internet", "phone": "Telefon", "agency": "Reisebüro", "letter": "Brief"},
        "family": {"known": "schon einmal gebucht", "new": "noch nie gebucht"},
    },
    captions={
        "calibration.png": "Stimmen die Vorhersagen? Je näher die Linie an der gestrichelten liegt, desto besser "
        "trifft zu, was vorhergesagt wurde.",
        "lift.png": "Was bringt die Reihenfolge? Der Anteil aller Fälle, den man findet, wenn man die Kunden mit dem "
        "höchsten Risiko zuerst anspricht; gestrichelt: wahllos.",
        "precision_recall.png": "Wie viele der Genannten es wirklich sind (senkrecht), je mehr von allen gefunden "
        "werden (waagerecht); gestrichelt: wahllos.",
        "reliability_by_month.png": "Vorhersage (blau) und was eintrat (rot), Monat für Monat.",
        "importance.png": "Worauf das Modell am meisten achtet.",
        "comparison.png": "Dieses Modell (blau) neben den einfachen Regeln, mit dem 95-%-Bereich.",
        "slices.png": "Vorsprung je Kundengruppe mit dem 95-%-Bereich; rechts der gestrichelten Linie ist dieses "
        "Modell besser.",
        "coverage.png": "Wie oft eine Reise als Erstes vorgeschlagen wird, neben ihrem Anteil an den Buchenden.",
        "recall.png": "Anteil der gebuchten Reisen unter den ersten 3 und 5 Vorschlägen, je Stufe.",
        "rates.png": "Erwarteter und wirklicher Anteil gelesener Nachrichten, je Kontaktweg.",
        "clusters.png": "Worin sich jede Gruppe vom Durchschnitt unterscheidet (blau: weniger, orange: mehr).",
        "number_of_clusters.png": "Warum so viele Gruppen: wie sicher sie sich wiederfinden und wie klar sie "
        "getrennt sind.",
    },
)  # fmt: skip

EN = Words(
    models={
        "champion": "model that was live",
        "lightgbm": "learning model (LightGBM)",
        "base_rate": "average of all customers",
        "recency_rule": "rule: time since the last booking",
        "rfm_logistic": "formula of recency, frequency and monetary (RFM)",
        "day_limits": "rule: fixed limits of 90 and 180 days",
        "bg_nbd": "purchase model BG/NBD",
        "value": "chosen model",
        "mean_rate": "rule: all customers alike",
        "same_as_last_period": "rule: once more what was last",
        "bg_nbd_gamma_gamma": "purchase model BG/NBD with gamma-gamma",
        "season_popularity": "popularity of the season",
        "repeat_or_new": "popularity, and repeating per customer",
        "also_booked": "tours booked together",
        "als": "factors (ALS)",
        "graph_filter": "neighbours in the graph of bookings",
        "attributes": "similar tours by attributes",
        "ease": "how tours go together (EASE)",
        "similar_customers": "what similar customers book",
        "blend": "blend of the rungs",
        "ranker": "ranked by LightGBM over all rungs",
        "global_popularity": "popularity over the whole year",
        "live_rung_alone": "chosen rung without repeating per customer",
        "channel": "chosen model",
        "clusters": "learned groups",
        "revenue_tiers": "rule: groups by revenue",
        "shrunk_rate": "each customer's reading rate, drawn to the average",
        "cohort_rate": "reading rate of similar customers",
    },
    metrics={
        "auc": "Separation (AUC; 0.5 = chance, 1 = faultless)",
        "brier": "Error of the probabilities (Brier)",
        "ece": "Gap between forecast and frequency (ECE)",
        "average_precision": "average precision",
        "log_loss": "logarithmic error",
        "accuracy": "share of right yes/no answers",
        "recall@3": "booked tours among the first 3",
        "recall@5": "booked tours among the first 5",
        "ndcg@3": "quality of the order, first 3 (nDCG)",
        "ndcg@5": "quality of the order, first 5 (nDCG)",
        "count_deviance": "error of the number of bookings (Poisson deviance)",
        "mae_count": "mean error, bookings per customer",
        "rmse_count": "spread of the error, bookings per customer",
        "total_count_error": "error of the sum of all bookings",
        "mae_spend": "mean error, spend per customer",
        "spearman_spend": "quality of the order by spend (1 = faultless)",
        "read_log_loss": "error of the chance of reading",
        "bookings_coverage": "customers whose bookings lay in the range",
        "spend_coverage": "customers whose spend lay in the range",
        "hit_rate@3": "customers with a hit among the first 3",
        "hit_rate@5": "customers with a hit among the first 5",
        "coverage_shortfall": "customers outside the range beyond what was promised",
        "read_share_off": "gap to the share of messages read",
        "silhouette": "separation of the groups (silhouette; -1 to 1)",
    },
    kinds={"tenure": "customer for", "region": "postcode", "channel": "sales channel", "family": "tour"},
    values={
        "tenure": {"new": "less than 1 year", "settled": "1 to 3 years", "old": "more than 3 years"},
        "party": {"pair": "two or three"},
        "family": {"known": "booked before", "new": "never booked before"},
    },
    captions={
        "calibration.png": "Do forecasts come true? The nearer the line is to the dashed one, the truer is what was "
        "forecast.",
        "lift.png": "What is the order worth? The share of all cases found by addressing the customers of highest "
        "risk first; dashed: at random.",
        "precision_recall.png": "How many of those named are truly cases (upward), the more of all are found (to the "
        "right); dashed: at random.",
        "reliability_by_month.png": "Forecast (blue) and what happened (red), month by month.",
        "importance.png": "What the model looks at most.",
        "comparison.png": "This model (blue) beside the simple rules, with the 95 % interval.",
        "slices.png": "Lead in each group of customers with the 95 % interval; right of the dashed line this model "
        "is better.",
        "coverage.png": "How often a tour is suggested first, beside its share of those who booked.",
        "recall.png": "Share of the tours booked that were among the first 3 and 5 suggestions, by rung.",
        "rates.png": "Expected and real share of messages read, by channel.",
        "clusters.png": "How each group differs from the average (blue: less, orange: more).",
        "number_of_clusters.png": "Why so many groups: how surely they are found again, and how clearly they are "
        "apart.",
    },
)  # fmt: skip

WORDS: Mapping[str, Words] = {"de": DE, "en": EN}
