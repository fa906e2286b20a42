"""Catalogs of a density that knows one noise level."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.catalog.build import build_catalog
from explorer.catalog.map import build_map
from explorer.data.building import write_store
from explorer.data.store import Sample, Store
from explorer.errors import ExplorerError
from explorer.measures.image.files import score_files
from explorer.models.checkpoints import Checkpoint


@pytest.fixture
def images(tmp_path: Path) -> Store:
    rng = np.random.default_rng(0)
    samples = [Sample(rng.integers(0, 256, (1, 32, 32), np.uint8), 0, f"{number}.png") for number in range(5)]
    return write_store(tmp_path / "store", "noise", lambda done: samples[done:], (1, 32, 32))


def test_it_has_log_p_and_what_the_pixels_say_and_no_dimensionality(photo: Checkpoint, images: Store) -> None:
    catalog = build_catalog(photo, images)
    names = [column.name for column in catalog.columns]
    assert not [name for name in names if name.startswith("dimensionality")]
    assert {"log_prob", "contrast", "jxl_bits"} <= set(names)
    assert np.isfinite(catalog.column("log_prob")).all()
    assert catalog.profile.psnr == (65.229,)
    assert catalog.summary() is not None


def test_it_agrees_with_the_command_for_files(photo: Checkpoint, images: Store, tmp_path: Path) -> None:
    Image.fromarray(np.array(images.pixels[2, 0])).save(tmp_path / "image.png")
    (row,) = score_files(photo, tmp_path / "image.png").rows
    assert build_catalog(photo, images).column("log_prob")[2] == pytest.approx(row["log_prob_nats"], rel=1e-6)


def test_a_map_needs_more(photo: Checkpoint, images: Store) -> None:
    with pytest.raises(ExplorerError, match="A map needs the energy at many noise levels"):
        build_map(photo, images)
