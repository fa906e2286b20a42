"""What the words of the app mean: each term in two sentences and a formula, for the help of what is called so.

Notation is that of ``docs/science.md``. Streamlit shows help where a pointer hovers, at a touch, and with the focus.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["TERMS", "explained"]


class Term(NamedTuple):
    """A term.

    Attributes:
        meaning: two sentences of Markdown.
        formula: of LaTeX.
    """

    meaning: str
    formula: str


TERMS: dict[str, Term] = {
    "log p": Term(
        "The log of the probability density that the model gives to an image, at its smallest trusted noise $t_0$. It "
        "is minus the energy.",
        r"\log p(x) = -U(x, t_0)",
    ),
    "dB/dimension": Term(
        "Ten times the decimal log of the density, divided by the number $d$ of pixel values. Two images that are 1 "
        "dB/dimension apart differ in density by a factor of $10^{d/10}$.",
        r"\tfrac{10}{d} \log_{10} p(x)",
    ),
    "nats": Term(
        "The natural log of the density of the whole image. One nat more is a density $e \\approx 2.72$ times as high.",
        r"\ln p(x)",
    ),
    "bits": Term(
        "The binary log of the density of the whole image. One bit more is a density twice as high.",
        r"\log_2 p(x)",
    ),
    "bits/dimension": Term(
        "The binary log of the density, divided by the number $d$ of pixel values. With a minus sign, and the bits of "
        "a pixel value added, it is a code length.",
        r"\tfrac{1}{d} \log_2 p(x)",
    ),
    "Energy": Term(
        "What the network computes of an image with noise of variance $t$: minus the log of the density of such "
        "images. The lower the energy, the more probable the image.",
        r"U(y, t) = -\log p(y, t)",
    ),
    "Noise variance": Term(
        "Gaussian noise of variance $t$ is added to every pixel value in $[0, 1]$. The model knows the density of "
        "images with such noise, for every $t$.",
        r"y = x + \sqrt{t}\, \varepsilon, \quad \varepsilon \sim \mathcal N(0, 1)",
    ),
    "PSNR": Term(
        "The peak signal-to-noise ratio compares noise of variance $t$ with the range of pixel values, in decibels. "
        "High values are little noise: 20 dB is $\\sigma = 0.1$, 40 dB is $\\sigma = 0.01$.",
        r"\mathrm{PSNR} = -10 \log_{10} t, \quad \sigma = \sqrt t",
    ),
    "Score": Term(
        "The gradient of log p: how each pixel would have to change for the image to become more probable. It points "
        "from the noisy image to the denoised one.",
        r"\nabla_y \log p(y, t) = -\nabla_y U(y, t) = \frac{D(y, t) - y}{t}",
    ),
    "Denoiser": Term(
        "The mean of all images that agree with the noisy one, which is the estimate with the least squared error. It "
        "follows from the energy by one step along the score (Miyasawa 1961).",
        r"D(y, t) = \mathbb E[x \mid y] = y - t\, \nabla_y U(y, t)",
    ),
    "Local dimensionality": Term(
        "The number of directions in which images near this one vary by more than the noise. It falls from $d$, where "
        "the neighborhood is smaller than the pixel noise, to 0, where it holds all images.",
        r"\mathbb E\, \lVert x - D(y, t) \rVert^2 / t",
    ),
    "Local dimensionality at the image": Term(
        "Local dimensionality estimated from the time score at the image itself. For an exact density it is never "
        "below 0; where it is, the model errs by as much.",
        r"d - 2 t\, \partial_t U(x, t)",
    ),
    "Jacobian of the denoiser": Term(
        "How the denoised image follows small changes of the noisy one. It is symmetric, and $t J$ is the covariance "
        "of the clean images that agree with the noisy one.",
        r"J(y, t) = \frac{\partial D}{\partial y} = I - t\, \nabla_y^2\, U(y, t)",
    ),
    "Shrinkage factor": Term(
        "An eigenvalue of the denoiser's Jacobian: what share of a small change along its eigenvector the denoiser "
        "keeps. It is near 1 where images vary by more than the noise, and near 0 where they do not.",
        r"J e_k = \lambda_k e_k, \quad \textstyle\sum_k \lambda_k = \operatorname{tr} J = "
        r"\mathbb E[\, \lVert x - D(y, t) \rVert^2 \mid y\, ] / t",
    ),
    "Spectral gap": Term(
        "Two neighbors among the eigenvalues that differ by a large factor: images near this one vary in the "
        "directions before the gap and not behind it. Its place is an estimate of a dimension, if it is clear.",
        r"\lambda_m / \lambda_{m+1} = \max_k \lambda_k / \lambda_{k+1}",
    ),
    "Percentile": Term(
        "The share of the images of the data set that are less probable than this one. The median image is at 50 %, "
        "the most probable images are near 100 %.",
        r"\tfrac{100}{N}\, \#\{ i : \log p(x_i) < \log p(x) \}",
    ),
    "Code length": Term(
        "The bits that an ideal lossless code made from the model needs for the image (Shannon 1948), with $L$ levels "
        "a pixel value. A more probable image is a shorter file, so that it compares with real codecs.",
        r"-\log_2 p(x) + d \log_2 L",
    ),
    "bits/pixel": Term(
        "The code length divided by the number of pixel values; in color that is bits/dimension, with three values a "
        "pixel. Stored without compression, an 8-bit value takes 8.",
        r"-\tfrac{1}{d} \log_2 p(x) + \log_2 L",
    ),
    "Scale": Term(
        "A photograph is halved again and again, and the details of a scale are what one halving takes away. Its log p "
        "is the sum of that of the coarse image $x_J$ and of the details $d_j$ of each scale given the coarser image.",
        r"\log p(x_0) = \log p(x_J) + \textstyle\sum_{j < J} \log p(d_j \mid x_{j+1})",
    ),
    "Log-concave": Term(
        "A density is log-concave where the Hessian of its energy has no negative eigenvalue: there is one way to go, "
        "and sampling is easy. Conditionally log-concave means so of each scale's details given the coarser image.",
        r"t\, \nabla^2_d\, U(d, t \mid x_{j+1}) = I - \nabla_d D \succeq 0",
    ),
    "Entropy": Term(
        "The mean of minus log p over the images of the data set. Its exponential is the volume that such images fill.",
        r"H = \mathbb E[-\log p(x)]",
    ),
    "Own samples": Term(
        "The images that a model draws are as probable as the data if its density is that of the data. Where they are "
        "not, the density is wrong or the sampler does not reach it.",
        r"\mathbb E_{\mathrm{model}}[-\log p] = \mathbb E_{\mathrm{data}}[-\log p]",
    ),
    "Typicality": Term(
        "The images that one meets are those of ordinary log p, whose mean is minus the entropy $H$. There are so "
        "many of them that the most probable images are hardly ever drawn.",
        r"-\log p(x) \approx H = \mathbb E[-\log p(x)]",
    ),
    "Gumbel distribution": Term(
        "A distribution with a steep lower side and a long upper tail, which log p of large sets of photographs "
        "follows (Guth, Kadkhodaie and Simoncelli 2025). Its location $\\mu$ is the most frequent log p, $\\beta$ is "
        "its scale.",
        r"\tfrac{1}{\beta}\, e^{-v - e^{-v}}, \quad v = (\log p - \mu) / \beta",
    ),
    "I-MMSE": Term(
        "The negative log-likelihood (NLL) of images follows from the error of denoising them at all noise levels "
        "(Guo, Shamai and Verdú 2005). A worse denoiser can only raise it, so that it cannot flatter; lower is "
        "better.",
        r"\begin{aligned} \mathrm{NLL} = {}& \tfrac12 \textstyle\sum_i \log 2 \pi e (\lambda_i + T) \\ "
        r"& - \tfrac12 \textstyle\int_{t_0}^{T} (d - \mathrm{mse}(t) / t)\, dt / t \end{aligned}",
    ),
    "Gap": Term(
        "The NLL that the energy states minus the one that follows from denoising. It is zero for a normalized, "
        "consistent density, and tells how far the model can be believed.",
        r"\mathbb E[U(x, t_0)] - \mathrm{NLL}_{\text{I-MMSE}}",
    ),
    "Memory": Term(
        "The exact density of $N$ stored images with noise of variance $t$. It is the energy of a modern Hopfield "
        "network: to denoise is to recall (Ambrogioni 2023).",
        r"U(y, t) = \tfrac d2 \log 2 \pi t + \log N - \log \textstyle\sum_j e^{-\lVert y - x_j \rVert^2 / 2t}",
    ),
    "Splitting noise": Term(
        "At large noise the energy has one well, at a point that the denoiser leaves where it is. Where the largest "
        "eigenvalue of the denoiser's Jacobian there becomes 1, one well becomes two (Raya and Ambrogioni 2023).",
        r"y^* = D(y^*, t), \quad \mu_{\max}\bigl(\partial D / \partial y\,(y^*, t)\bigr) = 1",
    ),
    "Speciation noise": Term(
        "The noise at which samples decide on which side of the data they fall, as the covariance of the data predicts "
        "it. That is its largest eigenvalue (Biroli, Bonnaire, de Bortoli and Mézard 2024).",
        r"t = \lambda_{\max}(\operatorname{Cov} x)",
    ),
    "Late start": Term(
        "Above some noise level the noisy data are a Gaussian, from which one can draw at once; the steps above it "
        "need not be taken (Raya and Ambrogioni 2023). Here it is where both differ by 0.1 nats.",
        r"p(\cdot, t) \approx \mathcal N(m, C + t I)",
    ),
    "Memorization": Term(
        "How much more probable images are that the model was trained on than fresh ones of the same kind. Simple "
        "statistics of the images, which predict most of log p, are taken out, so that the error is small.",
        r"\mathbb E_{\text{own}}[\log p(x)] - \mathbb E_{\text{fresh}}[\log p(x)]",
    ),
    "Space loss": Term(
        "How far the score is from the noise that was added, averaged over noise levels. It is the denoising error "
        "divided by the noise variance.",
        r"\lVert \sqrt t\, \nabla_y U - \varepsilon \rVert^2 / d",
    ),
    "Time loss": Term(
        "How far the change of the energy with the noise level is from what the noise says, which ties the levels "
        "together. It is shown over the part that no model can avoid, $1 / (2d)$.",
        r"\left( \tfrac12 (1 - \lVert \varepsilon \rVert^2 / d) - \tfrac{t}{d}\, \partial_t U \right)^2",
    ),
}
"""What is explained, by its name."""


def explained(*terms: str, first: str = "") -> str:
    """The explanations of terms, as Markdown for ``help``.

    Args:
        terms: names in `TERMS`.
        first: what is to be said of this very place before, as Markdown.

    Raises:
        KeyError: there is no such term.
    """
    parts = [f"**{name}.** {TERMS[name].meaning}\n\n$$\n{TERMS[name].formula}\n$$" for name in terms]
    return "\n\n".join([first, *parts] if first else parts)
