"""The page Photograph without a browser, on a tiny density."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.data.builtin import photograph_path
from explorer.errors import ExplorerError
from explorer.images import read_image, to_square
from explorer.measures.image.scales import perturbed_bits
from explorer.measures.sampling.scales import Drawn
from explorer.models.checkpoints import load_checkpoint
from explorer.perturbations import Perturbation
from explorer.units import convert_log_prob, format_number
from explorer.webapp.large.concave import Found, in_words
from explorer.webapp.shell.navigation import setting_names
from explorer.webapp.shell.terms import TERMS
from tests.conftest import write_tiny_multiscale

D = 128 * 128


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert not app.error
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return run(app)


def captions(app: AppTest) -> str:
    return " ".join(each.value for each in app.main.caption)


def bits_of(name: str, perturbation: Perturbation) -> float:
    """What the library says of a photograph at 128 x 128."""
    checkpoint = load_checkpoint("many", "cpu")
    image = read_image(photograph_path(name).read_bytes(), name)
    scales = perturbed_bits(checkpoint.multiscale, checkpoint.values, to_square(image, (1, 128, 128)), perturbation)
    return sum(float(scale.bits[0]) for scale in scales)


def test_it_opens_with_log_p_the_code_length_and_the_map_of_a_photograph(photograph: AppTest) -> None:
    app = run(photograph)
    bits = bits_of("china", Perturbation())
    log_prob = convert_log_prob((8 * D - bits) * math.log(2), "dB/dim", D)
    assert app.metric[0].value == f"{format_number(log_prob, '.2f')} dB/dimension"
    assert f"({bits:,.0f} bits)" in captions(app)
    assert "JPEG XL, the shortest file" in captions(app)
    assert "shrunk 3.3 times" in captions(app)
    assert app.selectbox(key="density").options == ["many"]
    assert app.button_group(key="scale").options == ["all", "8 px", "4 px", "2 px", "1 px"]
    assert [button.label for button in app.main.button if button.label != "Reset"] == [
        *2 * ["Measure"],
        "Draw",
        "Measure",
    ]


def test_a_perturbation_says_which_scale_changes(photograph: AppTest) -> None:
    photograph.query_params.update(blur="2", scale="2 pixels", jpeg="50")
    app = run(photograph)
    perturbation = Perturbation(blur=2, jpeg=50)
    log_prob = convert_log_prob((8 * D - bits_of("china", perturbation)) * math.log(2), "dB/dim", D)
    assert app.metric[0].value == f"{format_number(log_prob, '.2f')} dB/dimension"
    assert "from the original" in app.metric[0].proto.delta_description
    assert "The scale that changes most: 1 pixel, by" in captions(app)
    assert "4 × 4 pixels a cell" in captions(app)
    next(button for button in app.main.button if button.label == "Reset").click()
    run(app)
    assert app.session_state["jpeg"] == "none"
    assert app.metric[0].proto.delta == "the original"


def test_a_flat_image_costs_a_codec_next_to_nothing(photograph: AppTest) -> None:
    photograph.query_params.update(contrast="0")
    words = captions(run(photograph))
    assert re.search(r"\): [\d.]+ times as much as JPEG XL, the shortest file\.", words)
    assert "rounded to gray levels" in words


def test_the_settings_are_those_of_the_list_of_pages(photograph: AppTest) -> None:
    run(photograph)
    assert {*photograph.session_state["address"].drawn} <= setting_names("large")


def test_a_sweep_and_local_dimensionality_are_measured_on_request(photograph: AppTest) -> None:
    photograph.query_params.update(sweep="jpeg")
    run(photograph)
    app = press(photograph, "button sweep")
    sweep = app.session_state["work sweep"]
    assert sweep.finished
    assert sweep.result.bits.shape == (8, 5)
    app = press(app, "button dimensions")
    found = app.session_state["work dimensions"].result
    assert [row[0].ts[0] for row in found] == pytest.approx([10 ** (-psnr / 10) for psnr in (60, 50, 40, 30, 20, 10)])
    assert app.session_state["work sweep"] is sweep, "what was measured stays"
    app.session_state["noise"] = 0.1
    run(app)
    assert app.session_state["work dimensions"].result is None, "of another photograph"


def test_details_are_drawn_for_a_coarse_image_and_taken_home(photograph: AppTest) -> None:
    photograph.query_params.update(coarse="32", steps="10", draw_seed="3")
    run(photograph)
    app = press(photograph, "button drawing")
    drawn = app.session_state["work drawing"].result
    assert drawn.pixels.shape == (4, 1, 128, 128)
    assert np.isfinite(drawn.log_prob).all()
    coarse = drawn.values.reshape(4, 32, 4, 32, 4).mean((2, 4))
    assert np.abs(coarse - coarse[0]).max() < 0.01, "all agree in their coarse image"
    assert np.abs(drawn.values[0] - drawn.values[1]).max() > 0.1, "and in nothing else"
    assert "Mean log p of the drawn" in captions(app)
    assert {button.label for button in app.get("download_button")} == {"PNG", "NPZ"}


def test_two_runs_of_the_page_may_draw_at_once(photograph: AppTest) -> None:
    photograph.query_params.update(coarse="64", steps="10")
    run(photograph)
    work = photograph.session_state["work drawing"]
    with ThreadPoolExecutor(4) as pool:
        shares = [share for _, share in pool.map(lambda _: work.advance(None, lambda _share: None), range(12))]
    assert len(set(shares)) == 12


def test_photographs_are_drawn_from_nothing(photograph: AppTest) -> None:
    photograph.query_params.update(coarse="nothing", steps="10")
    run(photograph)
    drawn = press(photograph, "button drawing").session_state["work drawing"].result
    assert drawn.pixels.shape == (4, 1, 128, 128)


def test_log_concavity_is_measured_beside_the_whole_image(photograph: AppTest) -> None:
    run(photograph)
    app = press(photograph, "button curvature")
    found = app.session_state["work curvature"].result
    assert [each.psnr for each in found] == [50, 40, 30, 20, 10, 0, -10]
    assert all(len(each.by_scale) == 1 and each.whole is not None for each in found)  # 16 x 16 is one step above 8 x 8
    assert in_words(found) in [each.value for each in app.main.markdown]


def test_what_was_found_is_said() -> None:
    words = in_words([Found(20, (0.5, -0.25), -0.75), Found(10, (0.9, 0.1), -0.2)])
    assert "1 pixel at all noise levels (smallest at any level 0.50)" in words
    assert "2 pixels at 10 dB and more noise (smallest at any level −0.25)" in words
    assert "whole image is positive at none of the noise levels (smallest at any level −0.75)" in words
    assert "whole image" not in in_words([Found(20, (0.5,), None)])


def test_a_model_of_any_size_in_the_sidebar_is_the_one(photograph: AppTest) -> None:
    photograph.query_params.update(model="many")
    app = run(photograph)
    assert "Model: many, as chosen in the sidebar." in captions(app)
    assert "density" not in [box.key for box in app.selectbox]


def test_without_such_a_model_it_says_what_to_do(photograph: AppTest, home: Path) -> None:
    for file in (home / "checkpoints" / "many").iterdir():
        file.unlink()
    (home / "checkpoints" / "many").rmdir()
    app = run(photograph)
    assert "train-multiscale" in app.info[0].value


def test_a_damaged_model_is_a_sentence(photograph: AppTest, home: Path) -> None:
    weights = home / "checkpoints" / "many" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    photograph.run()
    assert not photograph.exception
    assert "many" in photograph.error[0].value


def test_an_upload_is_cut_and_scored(photograph: AppTest) -> None:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)).save(file, "PNG")
    photograph.query_params.update(source="upload")
    run(photograph)
    photograph.file_uploader[0].set_value(("a *b*.png", file.getvalue(), "image/png"))
    app = run(photograph)
    assert "400 × 300 pixels, of which a square of 300 is shrunk 2.3 times." in captions(app)
    app.button_group(key="side").set_value(512)
    app = run(app)
    assert "enlarged 1.7 times: smoother than a photograph" in captions(app)


def test_the_same_square_is_seen_at_every_size(photograph: AppTest) -> None:
    photograph.query_params.update(crop="0-500-800")  # of china, 640 x 427
    assert "a square of 342 is shrunk 2.7 times" in captions(run(photograph))
    photograph.button_group(key="side").set_value(512)
    assert "a square of 342 is enlarged 1.5 times" in captions(run(photograph))


def test_color_is_in_bits_per_dimension(home: Path, photograph: AppTest) -> None:
    write_tiny_multiscale(home / "checkpoints" / "colored", channels=3)
    photograph.query_params.update(density="colored")
    app = run(photograph)
    assert "bits/dimension (" in captions(app)


def test_what_it_says_is_explained_where_it_stands(photograph: AppTest) -> None:
    app = run(photograph)
    helps = {each.label: each.proto.help for each in app.metric}
    helps |= {each.value.strip("#* ").partition("*")[0].rstrip(","): each.proto.help for each in app.main.markdown}
    for words, terms in {
        "log p of the whole photograph": ("log p", "dB/dimension", "Scale"),
        "Code length": ("Code length", "bits/pixel", "Scale"),
        "Local dimensionality by scale": ("Local dimensionality", "Scale"),
        "Conditionally log-concave?": ("Log-concave", "Scale"),
    }.items():
        assert all(TERMS[term].meaning in helps[words] for term in terms), words


def test_a_drawing_that_fails_is_a_sentence_and_can_be_tried_again(
    photograph: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> Iterator[Drawn]:
        raise ExplorerError("No energy *here*.")
        yield

    photograph.query_params.update(coarse="64", steps="10")
    run(photograph)
    with monkeypatch.context() as patch:
        patch.setattr("explorer.webapp.large.drawing.draw_photographs", fails)
        photograph.button(key="button drawing").click().run()
        assert not photograph.exception
        assert [error.value for error in photograph.error] == ["No energy \\*here\\*."]
    assert press(photograph, "button drawing").session_state["work drawing"].finished
