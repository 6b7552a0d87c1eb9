"""Anna is new and travels alone in spring, Bernd brings his club in autumn."""

import pandas as pd

from training.slices import EVERYBODY, slices_of


def customers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["anna", "bernd", "carla"],
            "event_timestamp": pd.to_datetime(["2026-04-01", "2025-11-01", "2026-04-01"], utc=True),
            "days_since_first_booking": [100.0, 2_000.0, None],
            "average_party_size": [1.0, 6.0, 2.0],
            "postcode_area": ["26", "28", None],
        }
    )


def test_everybody_comes_first_and_each_kind_names_its_slices() -> None:
    masks = slices_of(customers(), least=1)
    assert next(iter(masks)) == EVERYBODY
    assert {name: mask.tolist() for name, mask in masks.items() if name != EVERYBODY} == {
        "season=autumn": [False, True, False],
        "season=spring": [True, False, True],
        "tenure=new": [True, False, False],
        "tenure=old": [False, True, False],
        "party=alone": [True, False, False],
        "party=group": [False, True, False],
        "party=pair": [False, False, True],
        "region=26": [True, False, False],
        "region=28": [False, True, False],
    }


def test_slices_of_few_are_not_judged() -> None:
    assert list(slices_of(customers(), least=2)) == [EVERYBODY, "season=spring"]


def test_winter_is_december_to_february() -> None:
    rows = customers().assign(
        event_timestamp=pd.to_datetime(["2025-12-31", "2026-02-28", "2026-03-01"], utc=True)
    )
    assert [name for name in slices_of(rows, least=1) if name.startswith("season")] == [
        "season=spring",
        "season=winter",
    ]
