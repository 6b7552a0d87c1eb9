"""What the page of a customer says beside risk and offers: trips, people, worth, consent, plots, timeline."""

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from .conftest import NewPage

pytestmark = pytest.mark.browser


@pytest.fixture
def anna(crm: Page) -> Page:
    crm.goto("/crm/customers/c-anna", wait_until="networkidle")
    return crm


def says(part: Locator, *texts: str) -> None:
    for text in texts:
        expect(part).to_contain_text(text)


def test_the_head_names_the_next_trip_and_what_may_be_sent(anna: Page) -> None:
    says(
        anna.get_by_role("region", name="Nächste Reise"),
        "Weihnachtsmarkt in Celle",
        "05.12.2026",
        "4 Personen",
        "Einstieg Hamburg Zob",
        "mit Bernd Hansen, Clara Lüders",
    )
    expect(anna.locator(".consent")).to_have_text("Werbung erlaubt")


def test_the_window_that_has_passed_is_said_to_be_over(anna: Page) -> None:
    says(anna.locator(".risk"), "Sie war vom 14.12.2025 bis 28.02.2026 und ist vorbei.")


def test_what_stands_out_comes_with_what_to_do(anna: Page) -> None:
    rows = anna.get_by_role("region", name="Was auffällt").get_by_role("listitem")
    expect(rows).to_have_count(2)
    says(rows.first, "das übliche Fenster ist verstrichen", "Anrufen und nach Wünschen fragen.")
    expect(rows.first.get_by_role("link")).to_have_attribute("href", "tel:+4940123456")
    expect(rows.nth(1).get_by_role("link")).to_have_count(0)


def test_the_bookings_latest_first_with_the_early_ones_folded_away(anna: Page) -> None:
    part = anna.get_by_role("region", name="Buchungen")
    rows = part.get_by_role("row")
    says(rows.nth(1), "Weihnachtsmarkt in Celle", "gebucht von Clara Lüders", "4 Personen", "gebucht", "–")
    expect(rows.nth(1)).not_to_contain_text("236")  # what somebody else paid is not Anna's
    says(rows.nth(2), "Nordsee 2025", "gebucht am 18.01.2025", "08.05.2025", "gereist", "754,93\xa0€")
    expect(part.get_by_text("Nordsee 2019")).to_be_hidden()
    part.get_by_text("2 frühere Buchungen zeigen").click()
    says(part.get_by_role("row", name="Nordsee 2019"), "storniert")


def test_who_travels_along_is_one_click_away(anna: Page) -> None:
    says(anna.get_by_role("region", name="Reist mit"), "7 gemeinsame Reisen", "1 gemeinsame Reise")
    anna.get_by_role("region", name="Reist mit").get_by_role("link", name="Bernd Hansen").click()
    expect(anna.get_by_role("heading", level=1, name="Bernd Hansen")).to_be_visible()
    says(anna.get_by_role("region", name="Buchungen"), "gebucht von Anna Petersen")
    expect(anna.locator(".consent")).to_have_text("Keine Werbung erlaubt")


def test_worth_rank_and_closeness(anna: Page) -> None:
    part = anna.get_by_role("region", name="Was dieser Gast wert ist")
    says(part, "in den nächsten 365 Tagen", "312\xa0€", "0\xa0€ bis 790\xa0€", "0,4", "0 bis 1", "702\xa0€")
    says(part, "Rang unter 1.843 Gästen", "Nicht verlieren", "1 von 5", "5 von 5", "4 von 5")
    says(part, "46 von 100", "Liest Nachrichten", "75\xa0%", "Bekannt sind 90\xa0% der Angaben")


def test_how_to_reach_and_what_was_agreed_to(anna: Page) -> None:
    part = anna.locator(".reach")
    says(
        part,
        "Brief, zu 81\xa0% sicher",
        "9 von 12 Nachrichten gelesen",
        "zu 86\xa0% sicher, aus 8 Nachrichten",
        "noch unklar",
    )
    says(part, "erlaubt seit 04.03.2019", "nie zugestimmt", "nicht erlaubt, Stand 01.08.2024")
    says(part, "E-Mail, Brief, Telefon")


def test_the_profile_in_english(crm: Page) -> None:
    crm.goto("/crm/customers/c-anna?lang=en", wait_until="networkidle")
    says(
        crm.get_by_role("region", name="Next trip"),
        "Christmas in Celle",
        "5 Dec 2026",
        "boards at Hamburg Zob",
    )
    says(crm.locator(".risk"), "It was from 14 Dec 2025 to 28 Feb 2026, and is over.")
    says(crm.get_by_role("region", name="Bookings"), "North Sea 2025", "booked on 18 Jan 2025", "€754.93")
    says(crm.locator(".value"), "€312", "€0 to €790", "Rank among 1,843 customers", "46 of 100")
    says(crm.locator(".reach"), "allowed since 4 Mar 2019", "never agreed")
    says(crm.get_by_role("region", name="Travels with"), "7 trips together")
    says(
        crm.locator(".plots"),
        "Bookings by year and season of travel",
        "Spend by year of travel in EUR",
        "Winter",
    )


def test_the_plots_come_after_the_page_with_their_numbers(crm: Page) -> None:
    crm.goto("/crm/customers/c-anna", wait_until="commit")
    plots = crm.get_by_role("region", name="Reisejahre")
    bookings = plots.get_by_role("img", name="Buchungen nach Reisejahr und Jahreszeit")
    expect(bookings.locator("svg")).to_be_visible()
    says(bookings, "2020", "2026", "Winter", "Frühling")
    expect(plots.get_by_role("img", name="Umsatz nach Reisejahr in EUR").locator("svg")).to_be_visible()
    plots.get_by_text("Zahlen als Tabelle").click()
    cells = plots.get_by_role("row", name="2025").get_by_role("cell").all_inner_texts()
    assert cells == ["0", "1", "0", "0", "754,93\xa0€"]
    latest = plots.get_by_role("row", name="2026").get_by_role("cell").all_inner_texts()
    assert latest == ["1", "0", "0", "0", "0,00\xa0€"]  # Clara pays


def test_the_plots_take_the_colours_of_the_page(new_page: NewPage) -> None:
    seen = set()
    for scheme in ("light", "dark"):
        page = new_page(signed_in=True, color_scheme=scheme)
        page.goto("/crm/customers/c-anna", wait_until="networkidle")
        label = page.locator(".plot svg text").first
        seen.add(label.evaluate("(node) => getComputedStyle(node).fill"))
    assert len(seen) == 2
    assert "rgb(0, 0, 0)" not in seen  # what an unknown colour would become


def test_plots_that_do_not_come_leave_a_way_to_them(crm: Page) -> None:
    crm.route("**/crm/charts/**", lambda route: route.abort())
    crm.goto("/crm/customers/c-anna")
    part = crm.get_by_role("region", name="Reisejahre")
    expect(part.get_by_role("alert")).to_contain_text("antwortet gerade nicht")
    crm.unroute("**/crm/charts/**")
    part.get_by_role("link", name="Diagramme zeigen").click()
    expect(crm.locator(".plot svg")).to_have_count(2)
    crm.get_by_role("link", name="Zurück zur Person").click()
    expect(crm.get_by_role("heading", level=1, name="Anna Petersen")).to_be_visible()


def test_the_timeline_is_narrowed_on_the_server(anna: Page) -> None:
    stops = anna.locator(".stop")
    expect(stops).to_have_count(8)
    anna.get_by_role("radio", name="Unterwegs").check()
    expect(stops).to_have_count(6)  # all six trips, of which the first page showed four
    expect(anna.get_by_role("status").filter(has_text="6 Einträge")).to_be_attached()
    anna.get_by_label("Von").fill("2022-01-01")
    anna.get_by_label("Bis").fill("2023-05-10")
    expect(stops).to_have_count(2)
    says(stops.first, "Stieg in Hamburg ZOB ein (2023).")
    assert "group=trips&from=2022-01-01&until=2023-05-10" in anna.url
    anna.reload()
    expect(stops).to_have_count(2)
    expect(anna.get_by_role("radio", name="Unterwegs")).to_be_checked()
    anna.get_by_role("radio", name="Stammdaten").check()
    expect(anna.locator(".nothing")).to_have_text("Davon ist in dieser Zeit nichts eingetragen.")


def test_the_timeline_grows(anna: Page) -> None:
    anna.get_by_role("link", name="Ältere Einträge zeigen").click()
    expect(anna.locator(".stop")).to_have_count(13)
    expect(anna.get_by_role("link", name="Ältere Einträge zeigen")).to_have_count(0)
    expect(anna.locator(".stop").nth(8)).to_be_focused()


def test_a_timeline_that_does_not_answer_keeps_what_is_there(anna: Page) -> None:
    anna.route("**/crm/timelines/**", lambda route: route.abort())
    anna.get_by_role("radio", name="Unterwegs").check()
    expect(anna.get_by_role("alert")).to_contain_text("antwortet gerade nicht")
    expect(anna.locator(".stop")).to_have_count(8)


def test_an_answer_that_comes_late_does_not_replace_a_later_one(anna: Page) -> None:
    held: list[Route] = []
    anna.route("**/crm/timelines/*group=trips*", lambda route: held.append(route))
    anna.get_by_role("radio", name="Unterwegs").check()
    anna.wait_for_timeout(100)
    anna.get_by_role("radio", name="Nachrichten").check()
    expect(anna.locator(".stop")).to_have_count(1)
    for route in held:
        route.abort()
    anna.wait_for_timeout(200)
    expect(anna.locator(".stop")).to_have_count(1)
    expect(anna.get_by_role("alert")).to_have_count(0)


def test_the_timeline_pages_and_narrows_without_scripts(new_page: NewPage) -> None:
    page = new_page(signed_in=True, java_script_enabled=False)
    page.goto("/crm/customers/c-anna")
    page.get_by_role("link", name="Ältere Einträge zeigen").click()
    expect(page.locator(".stop")).to_have_count(5)
    page.get_by_role("link", name="Alle Einträge").click()
    expect(page.locator(".stop")).to_have_count(8)
    page.get_by_role("radio", name="Buchungen").check()
    page.get_by_role("button", name="Anzeigen").click()
    expect(page.locator(".stop")).to_have_count(6)
    page.get_by_role("link", name="Diagramme zeigen").click()
    expect(page.locator(".plot svg")).to_have_count(2)
