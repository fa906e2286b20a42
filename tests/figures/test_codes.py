"""Bars of code lengths."""

from __future__ import annotations

from explorer.figures.codes import code_length_bars


def test_every_code_has_its_bar_and_one_stands_out() -> None:
    figure = code_length_bars({"PNG": 900.0, "JPEG XL": 700.0, "model": 500.0}, "model")
    (bars,) = figure.data
    assert dict(zip(bars.y, bars.x, strict=True)) == {"PNG": 900.0, "JPEG XL": 700.0, "model": 500.0}
    png, jpeg_xl, model = bars.marker.color
    assert png == jpeg_xl != model
    assert "[bits]" in figure.layout.xaxis.title.text
