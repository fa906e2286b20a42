import pytest

from explorer.data.unseen import unseen_split


@pytest.mark.parametrize(
    ("dataset", "trained_on", "split"),
    [
        ("photos", ["photographs"], "all"),
        ("photos", [""], "all"),
        ("photos", ["photos"], "validation"),
        ("photos", ["digits", "leaves"], "all"),
        ("photos", ["digits", "photos"], "validation"),
        ("leaves", ["digits"], "validation"),
        ("digits", ["photos"], "validation"),
        ("/data/photos", ["digits"], "validation"),
    ],
)
def test_photographs_alone_are_shown_whole_and_to_strangers_alone(
    dataset: str, trained_on: list[str], split: str
) -> None:
    assert unseen_split(dataset, *trained_on) == split
