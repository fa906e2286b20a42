"""Every bad input that a browser can bring: a sentence or the right result, never a traceback, and nothing is lost."""

import io
import shutil
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.heic import HEIC

pytestmark = pytest.mark.browser

RNG = np.random.default_rng(0)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    return Image.fromarray(RNG.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).convert(mode)


def png_header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size and has almost no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def sixteen_bit() -> bytes:
    return encoded(Image.fromarray(RNG.integers(0, 65536, (40, 60), dtype=np.uint16)))


def twelve_bit_in_sixteen() -> bytes:
    return encoded(Image.fromarray(RNG.integers(0, 4096, (40, 60), dtype=np.uint16)))


def floats_beyond_one() -> bytes:
    values = RNG.random((40, 60), np.float32)
    values[3, 3] = 1.004
    return encoded(Image.fromarray(values), "TIFF")


def animated() -> bytes:
    frames = [picture() for _ in range(3)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(picture(), "JPEG", exif=exif)


def with_nan() -> bytes:
    values = np.zeros((20, 20), np.float32)
    values[3, 3] = np.nan
    return encoded(Image.fromarray(values), "TIFF")


REFUSED = {
    "empty.png": lambda: b"",
    "cut.png": lambda: encoded(picture())[:200],
    "cut.jpg": lambda: encoded(picture(size=(400, 300)), "JPEG")[:600],
    "page.png": lambda: b"<html><script>alert(1)</script></html>",
    "letter.txt": lambda: b"Dear Sir,",
    "huge.png": lambda: png_header_only(50_000, 50_000),
    "nan.tiff": with_nan,
    "twelve.png": twelve_bit_in_sixteen,
}
ACCEPTED = {
    "cmyk.jpg": lambda: encoded(picture("CMYK"), "JPEG"),
    "sixteen.png": sixteen_bit,
    "floats.tiff": floats_beyond_one,
    "palette.png": lambda: encoded(picture("P")),
    "alpha.png": lambda: encoded(picture("RGBA")),
    "animated.gif": animated,
    "rotated.jpg": rotated,
    "one.png": lambda: encoded(picture(size=(1, 1))),
    "long.png": lambda: encoded(picture(size=(5000, 3))),
    "really-a-jpeg.png": lambda: encoded(picture(), "JPEG"),
    "plain.webp": lambda: encoded(picture(), "WEBP"),
    "plain.bmp": lambda: encoded(picture(), "BMP"),
    "plain.tiff": lambda: encoded(picture(), "TIFF"),
    "phone.HEIC": lambda: HEIC,
    "plain.avif": lambda: encoded(picture(), "AVIF"),
    "plain.jxl": lambda: imagecodecs.jpegxl_encode(np.asarray(picture())),
    "plain.jfif": lambda: encoded(picture(), "JPEG"),
    "without-suffix": lambda: encoded(picture()),
}


def upload(page: Page, folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.write_bytes(data)
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(path)


def settled(page: Page) -> None:
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'", timeout=60_000
    )


def assert_sound(page: Page) -> None:
    """No traceback, and the numbers are there."""
    assert page.locator("[data-testid=stException]").count() == 0
    assert "Traceback" not in page.inner_text("body")
    expect(page.locator("[data-testid=stMetricValue]").first).to_contain_text("dB")


@pytest.fixture
def uploader(app: str, page: Page) -> Page:
    page.goto(f"{app}/?source=upload")
    expect(page.locator("[data-testid=stMetricValue]").first).to_be_visible(timeout=60_000)
    return page


def test_bad_files_get_a_sentence_and_the_page_goes_on(uploader: Page, tmp_path: Path) -> None:
    for name, make in REFUSED.items():
        upload(uploader, tmp_path, name, make())
        sentence = uploader.locator("[data-testid=stAlert]").filter(has_text=name)
        expect(sentence).to_be_visible(timeout=30_000)
        settled(uploader)
        assert_sound(uploader)


def test_unusual_files_are_read(uploader: Page, tmp_path: Path) -> None:
    for name, make in ACCEPTED.items():
        upload(uploader, tmp_path, name, make())
        expect(uploader.get_by_text(f"Uploaded: {name}")).to_be_visible(timeout=30_000)
        settled(uploader)
        assert uploader.locator("[data-testid=stAlert]").count() == 0, name
        assert_sound(uploader)


@pytest.mark.parametrize(
    "query",
    [
        "contrast=99&noise=-5&sparsity=abc&seed=1e99",
        "model=../../etc/passwd&data=/etc&unit=furlongs",
        "source=dataset&item=999999999",
        "source=dataset&item=-1",
        "crop=NaN,inf,-3&psnr=1e308",
        "source=nothing&synthetic=%3Cscript%3E&photo=../../x",
    ],
)
def test_hostile_urls_give_a_working_page(app: str, page: Page, query: str) -> None:
    page.goto(f"{app}/?{query}")
    expect(page.locator("[data-testid=stMetricValue]").first).to_be_visible(timeout=60_000)
    settled(page)
    assert_sound(page)


def test_a_damaged_checkpoint_is_named_and_the_others_work(app: str, home_of_app: Path, page: Page) -> None:
    broken = home_of_app / "checkpoints" / "broken"
    broken.mkdir(parents=True)
    (broken / "config.json").write_text('{"format": "image-density-explorer/99"}')
    page.goto(app)
    expect(page.locator("[data-testid=stMetricValue]").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("broken").first).to_be_visible()
    expect(page.get_by_text("does not know")).to_be_visible()
    assert_sound(page)
    (broken / "config.json").unlink()
    broken.rmdir()


def test_a_data_set_without_images_is_told(app: str, home_of_app: Path, page: Page) -> None:
    empty = home_of_app / "datasets" / "nothing-here"
    empty.mkdir(parents=True)
    page.goto(f"{app}/atlas?data=nothing-here")
    expect(page.get_by_text("has no images")).to_be_visible(timeout=60_000)
    assert page.locator("[data-testid=stException]").count() == 0
    empty.rmdir()


@pytest.mark.parametrize("path", ["atlas", "train"])
def test_a_fresh_server_answers_a_link_to_any_page(fresh_app: str, page: Page, path: str) -> None:
    """The first visit of all is to a page that is not the first: it has the app's navigation and title."""
    page.goto(f"{fresh_app}/{path}")
    expect(page.get_by_role("link", name="Probe")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name=path.capitalize()).first).to_be_visible(timeout=60_000)


def test_names_are_shown_letter_by_letter(app: str, home_of_app: Path, page: Page) -> None:
    """A label that is Markdown would make the browser call a stranger, and lose its underscores, dollars and colons."""
    label = "![x](http:stranger.example) _a_ $b$ $c$ :red[d] :smile: :material_home: -- <i> www.x.org e@f.org"
    data = home_of_app / "datasets" / "1. *strange*"
    (data / label).mkdir(parents=True)
    for number in range(3):
        picture("L", (8, 8)).save(data / label / f"{number}.png")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(f"{app}/?model=digits&source=dataset&data=1.%20*strange*")
    expect(page.locator("[data-testid=stMetricValue]").first).to_be_visible(timeout=60_000)
    settled(page)
    caption = page.locator("[data-testid=stCaptionContainer]").filter(has_text="stranger.example")
    assert label in caption.inner_text()
    assert caption.locator("img, a, em, .katex, [data-testid=stIconMaterial]").count() == 0
    expect(page.locator("[data-testid=stSidebar]").get_by_text("Data: 1. *strange*.")).to_be_visible()
    assert not [url for url in addresses if "stranger" in url]
    shutil.rmtree(data)
