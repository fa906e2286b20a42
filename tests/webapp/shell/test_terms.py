"""Terms: what explains them, and that what is called so on a page is explained there."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.webapp.shell.terms import TERMS, explained

ROOT = Path(__file__).parents[3]
PLACES = {
    "probe": {
        "log p": ("log p", "dB/dimension"),
        "Percentile": ("Percentile",),
        "Local dimensionality": ("Local dimensionality",),
        "Code length": ("Code length", "bits/pixel"),
        "Noise level [dB PSNR]": ("PSNR", "Noise variance"),
        "Look at its neighborhood": ("Energy",),
        "With noise": ("Noise variance",),
        "Denoised": ("Denoiser",),
        "Score": ("Score",),
        "Unit of log p": ("dB/dimension", "nats", "bits", "bits/dimension"),
    },
    "atlas": {
        "Mean log p": ("log p", "dB/dimension"),
        "Spread": ("Typicality",),
        "Entropy": ("Entropy",),
        "How log p is distributed": ("Gumbel distribution",),
        "By": ("Local dimensionality at the image",),
    },
    "map": {"Color": ("log p", "Local dimensionality at the image")},
    "wells": {
        "Stored images": ("Memory",),
        "The noise at which": ("Splitting noise", "Speciation noise"),
        "Does this model": ("Memorization",),
        "Noise level": ("PSNR",),
    },
    "sample": {"log p of each image": ("Energy", "PSNR"), "Sampler": ("Score",), "Are samples": ("bits/dimension",)},
    "bases": {
        "Sum of all factors": ("Shrinkage factor",),
        "Local dimensionality": ("Local dimensionality",),
        "The spectrum": ("Shrinkage factor", "Spectral gap"),
        "Gaps": ("Spectral gap",),
        "Is it the Jacobian": ("Jacobian of the denoiser",),
        "Denoised": ("Denoiser",),
        "Noise level [dB PSNR]": ("PSNR", "Noise variance"),
    },
    "trust": {"A number called log p": ("log p", "Energy"), "Where the gap arises": ("I-MMSE", "Gap")},
    "tour": {"": ("log p",)},
}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", PLACES)
def test_a_page_explains_its_terms_where_they_stand(name: str) -> None:
    page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=120)
    page.query_params.update(model="digits", **({"steps": "15", "count": "4"} if name == "sample" else {}))
    page.run()
    assert not page.exception
    kinds = ("metric", "markdown", "subheader", "selectbox", "slider")
    helps = [(_words(each.proto), each.proto.help) for kind in kinds for each in page.get(kind)]
    for words, terms in PLACES[name].items():
        found = [help_ for text, help_ in helps if text.startswith(words) and help_]
        for term in terms:
            assert any(TERMS[term].meaning in help_ and TERMS[term].formula in help_ for help_ in found), (words, term)


def _words(proto: object) -> str:
    text: str = getattr(proto, "label", "") or getattr(proto, "body", "")
    return text.removeprefix(":small[").lstrip("*# ")


def test_two_sentences_and_a_formula() -> None:
    for name, term in TERMS.items():
        sentences = term.meaning.replace("log p.", "log p").count(". ") + 1
        assert sentences == 2, name
        assert term.meaning.endswith(".")
        assert term.formula.count("{") == term.formula.count("}")


def test_what_is_said_of_a_place_comes_first() -> None:
    text = explained("PSNR", "Score", first="Chosen below.")
    assert text.index("Chosen below.") < text.index("**PSNR.**") < text.index("**Score.**")
    assert explained() == ""
    with pytest.raises(KeyError):
        explained("flux")
