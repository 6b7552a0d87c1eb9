"""The tour families a German coach operator lives on, and the towns where people get on.

Families stand in planted partner pairs (0 with 1, 2 with 3, ...): who likes one likes its partner.
"""

from typing import NamedTuple


class Family(NamedTuple):
    """A journey that comes back every season under a new tour. price: euro per seat in the last season."""

    id: str
    de: str
    en: str
    motto_de: str
    motto_en: str
    region: str
    theme: str
    nights: int
    price: int
    months: tuple[int, ...]


FAMILIES: tuple[Family, ...] = (
    Family("nordsee", "Nordsee", "North Sea", "Wind, Watt und Weite", "Wind, tides and wide skies",
           "Schleswig-Holstein", "coast", 5, 649, (5, 6, 7, 8, 9)),
    Family("ostsee", "Ostsee", "Baltic Sea", "Kreidefelsen und Seebäder", "Chalk cliffs and spa towns",
           "Mecklenburg-Vorpommern", "coast", 5, 629, (5, 6, 7, 8, 9)),
    Family("bodensee", "Bodensee", "Lake Constance", "Blumeninsel und Dreiländersee", "Flowers and three countries",
           "Baden-Württemberg", "lakes", 5, 589, (4, 5, 6, 9, 10)),
    Family("allgaeu", "Allgäu", "Allgäu", "Königsschlösser und Almen", "Royal castles and alpine pastures",
           "Bayern", "mountains", 6, 619, (5, 6, 7, 9, 10)),
    Family("dolomiten", "Dolomiten", "Dolomites", "Pässe und Gipfel", "Passes and peaks",
           "Trentino", "mountains", 7, 799, (6, 7, 8, 9)),
    Family("suedtirol", "Südtirol", "South Tyrol", "Apfelblüte und Törggelen", "Apple blossom and new wine",
           "Südtirol", "mountains", 7, 749, (4, 5, 6, 9, 10)),
    Family("weihnachtsmaerkte", "Weihnachtsmärkte", "Christmas markets", "Lichterglanz im Erzgebirge",
           "Lights of the Ore Mountains", "Sachsen", "christmas", 2, 279, (11, 12)),
    Family("prag", "Prag", "Prague", "Goldene Stadt im Advent", "The golden city in Advent",
           "Böhmen", "city", 3, 339, (3, 4, 10, 11, 12)),
    Family("mosel", "Mosel", "Moselle", "Weinberge und Burgen", "Vineyards and castles",
           "Rheinland-Pfalz", "wine", 4, 469, (5, 6, 8, 9, 10)),
    Family("elsass", "Elsass", "Alsace", "Weinstraße und Fachwerk", "Wine route and timbered towns",
           "Grand Est", "wine", 4, 499, (4, 5, 6, 9, 10)),
    Family("gardasee", "Gardasee", "Lake Garda", "Zitronen und Zypressen", "Lemons and cypresses",
           "Lombardei", "lakes", 7, 729, (4, 5, 6, 9, 10)),
    Family("toskana", "Toskana", "Tuscany", "Hügel, Wein und Renaissance", "Hills, wine and Renaissance",
           "Toskana", "wine", 8, 899, (4, 5, 6, 9, 10)),
    Family("schwarzwald", "Schwarzwald", "Black Forest", "Täler und Thermen", "Valleys and hot springs",
           "Baden-Württemberg", "wellness", 5, 559, (3, 5, 6, 9, 10)),
    Family("bad-fuessing", "Bad Füssing", "Bad Füssing", "Thermen und Ruhe", "Hot springs and quiet",
           "Bayern", "wellness", 7, 689, (2, 3, 4, 10, 11)),
    Family("hamburg-musical", "Hamburg Musical", "Hamburg musicals", "Hafen und große Bühne", "Harbour and stage",
           "Hamburg", "city", 2, 359, (2, 3, 4, 10, 11)),
    Family("berlin", "Berlin", "Berlin", "Museen und Revue", "Museums and revue",
           "Berlin", "city", 3, 329, (3, 4, 5, 9, 10)),
    Family("lueneburger-heide", "Lüneburger Heide", "Lüneburg Heath", "Heideblüte und Kutschfahrt",
           "Heather in bloom", "Niedersachsen", "nature", 3, 379, (7, 8, 9)),
    Family("harz", "Harz", "Harz Mountains", "Brocken und Fachwerk", "Brocken railway and timbered towns",
           "Sachsen-Anhalt", "mountains", 3, 359, (5, 6, 7, 8, 9, 10)),
    Family("wien", "Wien", "Vienna", "Kaffeehaus und Konzert", "Coffee houses and concerts",
           "Wien", "city", 4, 579, (3, 4, 5, 9, 10)),
    Family("salzkammergut", "Salzkammergut", "Salzkammergut", "Seen und Sommerfrische", "Lakes and summer air",
           "Oberösterreich", "lakes", 6, 669, (5, 6, 7, 8, 9)),
)  # fmt: skip

BOARDING_POINTS: tuple[str, ...] = (
    "hannover", "hildesheim", "braunschweig", "celle", "goettingen", "peine", "wolfsburg",
    "hameln", "salzgitter", "nienburg", "minden", "uelzen", "gifhorn", "stade",
    "verden", "goslar",
)  # fmt: skip


def partner(family: int, families: int) -> int | None:
    """Return the planted partner of family number `family`; None: its partner is not in use."""
    other = family ^ 1
    return other if other < families else None
