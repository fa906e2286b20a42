import io
import json
import zipfile

import numpy as np
from PIL import Image

from explorer.figures.live_chart import Axis, Line, LiveChart, Marker
from explorer.webapp.probe.download import zipped


def test_a_bundle_holds_images_numbers_and_figures() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    numbers = {"log_prob": float("-inf"), "curve": np.array([1.0, np.nan]), "nested": {"count": np.int64(3)}}
    axis, y = Axis("x", 0, 1), np.array([1.0, 2.0])
    chart = LiveChart(axis, axis, (Line(y, y, "blue"),), Marker(1, 1))
    with zipfile.ZipFile(io.BytesIO(zipped({"original": pixels}, numbers, {"one": chart, "two": chart}))) as archive:
        assert set(archive.namelist()) == {"original.png", "original-large.png", "numbers.json", "figures.html"}
        np.testing.assert_array_equal(np.array(Image.open(archive.open("original.png"))), pixels[0])
        assert Image.open(archive.open("original-large.png")).size == (512, 512)
        assert json.loads(archive.read("numbers.json")) == {
            "log_prob": None,
            "curve": [1.0, None],
            "nested": {"count": 3},
        }
        page = archive.read("figures.html").decode()
    assert "<h2>one</h2>" in page
    assert "<h2>two</h2>" in page
    assert 3_000_000 < len(page) < 8_000_000, "the library is inside, once"
    assert 'src="http' not in page
