"""Rows in memory."""

from __future__ import annotations

import pytest

from explorer.catalog.build import build_catalog
from explorer.catalog.layout import part_path
from explorer.catalog.table import load_rows
from explorer.data.store import Store
from explorer.errors import ExplorerError
from explorer.models.checkpoints import Checkpoint


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_part_that_goes_while_it_is_read_is_a_sentence(checkpoint: Checkpoint, store: Store, damage: str) -> None:
    catalog = build_catalog(checkpoint, store)
    path = part_path(catalog.folder, 0)
    path.unlink() if damage == "missing" else path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ExplorerError, match="damaged or removed"):
        load_rows(catalog.folder, catalog.meta.identity)
