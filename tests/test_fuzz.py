"""Damaged files are read, or refused with a sentence. A small part of ``benchmarks.fuzz``, with the same code."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from explorer.home import SHIPPED_CHECKPOINTS

if sys.platform != "linux":
    pytest.skip("limits of memory, and forks, are those of Linux", allow_module_level=True)

from tests.fuzzing.misbehaving import misbehaving_kinds
from tests.fuzzing.mutations import damaged, damaged_json
from tests.fuzzing.originals import write_originals
from tests.fuzzing.sandbox import contents
from tests.fuzzing.workers import KINDS, Case, cases, run_cases

IMAGES, OTHERS, SEED = 60, 30, 0


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("originals")
    write_originals(folder)
    return folder


def test_damaged_files_are_read_or_refused_with_a_sentence(originals: Path, tmp_path: Path) -> None:
    before = contents(originals), contents(SHIPPED_CHECKPOINTS)
    outcomes = list(run_cases([*cases("images", IMAGES, SEED), *cases("others", OTHERS, SEED)], originals, tmp_path))
    assert len(outcomes) == IMAGES + OTHERS
    assert [outcome for outcome in outcomes if not outcome.fine] == []
    assert {outcome.result for outcome in outcomes} == {"accepted", "refused"}
    assert (contents(originals), contents(SHIPPED_CHECKPOINTS)) == before


def test_the_same_files_are_accepted_when_they_are_whole(originals: Path, tmp_path: Path) -> None:
    outcomes = list(run_cases([Case(kind, -1, SEED) for kind in KINDS], originals, tmp_path))
    assert [outcome for outcome in outcomes if outcome.result != "accepted" or outcome.outside] == []


def test_what_no_reading_may_do_is_found_and_the_next_one_goes_on(tmp_path: Path) -> None:
    kinds = misbehaving_kinds()
    todo = [Case(title, number, SEED) for number, title in enumerate(kinds)]
    outcomes = {
        outcome.case.kind: outcome
        for outcome in run_cases(todo, tmp_path, tmp_path, limit=1.0, kinds=misbehaving_kinds)
    }
    assert outcomes.pop("behaves").fine
    for title, outcome in outcomes.items():
        assert not outcome.fine, title
        assert kinds[title].group in " ".join((outcome.words, *outcome.outside)), outcome


def test_a_case_is_the_same_every_time() -> None:
    data, text = os.urandom(1000), '{"a": [1, {"b": "c"}], "d": 2.5}'
    for number in range(50):
        case = Case("PNG", number, SEED)
        assert damaged(data, case.random) == damaged(data, case.random)
        assert damaged_json(text, case.random) == damaged_json(text, case.random)
    others = {Case("PNG", number, seed).random.bytes(8) for number in range(20) for seed in range(20)}
    assert len(others) == 400


def test_every_kind_has_cases_in_its_group() -> None:
    for group, count in (("images", 2000), ("others", 500)):
        found = cases(group, count, SEED)
        assert len(found) == len(set(found)) == count
        counts = np.unique([case.kind for case in found], return_counts=True)[1]
        assert counts.min() >= 15
