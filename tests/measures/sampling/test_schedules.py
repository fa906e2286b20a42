import numpy as np
import pytest

from explorer.measures.sampling.schedules import even_schedule, kadkhodaie_simoncelli_schedule


def test_even_in_log_t() -> None:
    ts = even_schedule(100.0, 1e-4, 12)
    assert (ts[0], ts[-1], len(ts)) == (100.0, 1e-4, 13)
    np.testing.assert_allclose(np.diff(np.log(ts)), np.log(1e-6) / 12)


def test_kadkhodaie_and_simoncellis_is_theirs_and_ends_where_it_should() -> None:
    """From sigma 1 to 0.01 with h0 = beta = 0.01 they take some 700 steps."""
    ts = kadkhodaie_simoncelli_schedule(1.0, 1e-4)
    assert 600 < len(ts) < 800
    assert ts[-1] == 1e-4
    ratios = np.sqrt(np.array(ts[1:-1]) / np.array(ts[:-2]))
    k = np.arange(1, len(ratios) + 1)
    np.testing.assert_allclose(ratios, 1 - 0.01 * 0.01 * k / (1 + 0.01 * (k - 1)))


@pytest.mark.parametrize(("t_start", "t_end"), [(1.0, 1.0), (1.0, 2.0), (1.0, 0.0)])
def test_a_range_out_of_order_is_refused(t_start: float, t_end: float) -> None:
    with pytest.raises(ValueError, match="large to small"):
        even_schedule(t_start, t_end, 10)
    with pytest.raises(ValueError, match="large to small"):
        kadkhodaie_simoncelli_schedule(t_start, t_end)


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one step"):
        even_schedule(1.0, 0.1, 0)
    with pytest.raises(ValueError, match="h0"):
        kadkhodaie_simoncelli_schedule(1.0, 0.1, beta=0.0)
