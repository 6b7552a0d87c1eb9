"""German names as data, and their spelling without umlauts."""

WOMEN: tuple[str, ...] = (
    "Anna", "Renate", "Ursula", "Monika", "Helga", "Ingrid", "Karin", "Brigitte", "Christa", "Gisela", "Petra",
    "Sabine", "Elke", "Heike", "Gabriele", "Angelika", "Erika", "Barbara", "Marianne", "Jutta", "Doris", "Edith",
    "Bärbel", "Käthe", "Waltraud", "Roswitha", "Hannelore", "Margarete", "Irmgard", "Lieselotte",
)  # fmt: skip
MEN: tuple[str, ...] = (
    "Bernd", "Hans", "Peter", "Klaus", "Wolfgang", "Jürgen", "Dieter", "Manfred", "Uwe", "Günter", "Horst",
    "Helmut", "Werner", "Rolf", "Gerhard", "Heinz", "Karl", "Walter", "Norbert", "Reinhard", "Siegfried", "Ernst",
    "Volker", "Joachim", "Rainer", "Hartmut", "Detlef", "Eberhard", "Lothar", "Rüdiger",
)  # fmt: skip
FAMILY_NAMES: tuple[str, ...] = (
    "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann",
    "Schäfer", "Koch", "Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann",
    "Braun", "Krüger", "Hofmann", "Hartmann", "Lange", "Schmitt", "Werner", "Schmitz", "Krause", "Meier",
    "Lehmann", "Schmid", "Schulze", "Maier", "Köhler", "Herrmann", "König", "Walter", "Mayer", "Huber",
    "Kaiser", "Fuchs", "Peters", "Lang", "Scholz", "Möller", "Weiß", "Jung", "Hahn", "Vogel", "Friedrich",
    "Keller", "Günther", "Frank", "Berger", "Winkler", "Roth", "Beck", "Lorenz", "Baumann", "Franke", "Albrecht",
    "Ludwig", "Winter", "Simon", "Kraus", "Böhm", "Schuster", "Martin", "Brandt", "Vogt", "Jäger", "Bergmann",
    "Petersen", "Hansen", "Thiele", "Behrens", "Ahrens", "Brinkmann", "Oelkers",
)  # fmt: skip

_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def plain(name: str) -> str:
    """Return `name` as it is typed without umlauts: Müller, Mueller."""
    return name.translate(_PLAIN)
