import numpy as np
import pytest

from explorer.figures.surprise import bits_by_scale_figure, surprise_difference, surprise_limits, surprise_map

BITS = np.arange(12.0).reshape(3, 4)


def test_a_map_shows_the_bits_with_the_first_row_on_top() -> None:
    figure = surprise_map(BITS, what="bits a pixel")
    (heat,) = figure.data
    np.testing.assert_array_equal(heat.z, BITS)
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.yaxis.scaleanchor == "x"
    assert "%{z:.2f} bits a pixel" in heat.hovertemplate
    assert 0 <= heat.zmin < heat.zmax <= 11


def test_maps_may_share_a_scale() -> None:
    (heat,) = surprise_map(BITS, limits=(-1.0, 20.0), bar_below=True).data
    assert heat.colorbar.orientation == "h"
    assert (heat.zmin, heat.zmax) == pytest.approx((-1.0, 20.0))


def test_a_difference_is_white_at_zero() -> None:
    (heat,) = surprise_difference(BITS - 3).data
    assert heat.zmin == -heat.zmax
    assert heat.colorscale[1] == (0.5, "#FFFFFF")


@pytest.mark.parametrize("draw", [surprise_map, surprise_difference])
def test_a_constant_map_has_a_scale(draw: object) -> None:
    (heat,) = draw(np.zeros((2, 2))).data
    assert heat.zmin < 0 < heat.zmax


def test_bits_of_each_scale() -> None:
    figure = bits_by_scale_figure([65.0, 20.0, -20.0], [1.0, 5.0, 2.0], at=20.0, unit="bits/pixel", most=1.01)
    (bars,) = figure.data
    assert list(bars.y) == [1.0, 5.0, 2.0]
    assert bars.marker.color[1] not in (bars.marker.color[0], bars.marker.color[2]), "the chosen one stands out"
    assert figure.layout.shapes[0].y0 == 1.01
    assert figure.layout.yaxis.title.text == "bits/pixel"


def test_limits_hold_all_maps() -> None:
    low, high = surprise_limits(BITS, BITS + 100)
    assert low < 1
    assert high > 105
