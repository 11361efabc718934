"""Opening pictures that strangers may have made: their size first, then pixels alone, written anew."""

from __future__ import annotations

import struct
from contextlib import suppress
from io import BytesIO
from threading import Lock

from PIL import Image, ImageCms, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MOST_PIXELS = 50_000_000  # of a picture as it comes: what the largest cameras of telephones make
MOST_DECODED = 25_000_000  # pixels held in memory at once: 100 MB with four bytes each
LONG_SIDE = 2400  # pixels of a picture as it is kept
QUALITY = 82
TYPE, EXTENSION = "image/webp", "webp"

# What a damaged or hostile file makes Pillow raise; memory is among it.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    struct.error,
    ArithmeticError,
    MemoryError,
)
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# One at a time in a process: several at once would each take their hundred megabytes.
at_the_bench = Lock()


class BadPicture(Exception):
    """A picture that cannot be kept, and why, in words for whoever chose it."""


def redraw(content: bytes, long_side: int = LONG_SIDE) -> tuple[bytes, int, int]:
    """The picture as WebP, with its width and height: upright, at most `long_side` pixels long, and nothing but pixels.

    Where it was taken, when and with what is gone, and so is whatever else the file carried. Raises BadPicture.
    """
    with at_the_bench:
        try:
            image = opened(content)
            image.load()
            profile = image.info.get("icc_profile")
            image = in_full_colour(ImageOps.exif_transpose(image))
            image.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
            image = in_srgb(image, profile)
            image.info = {}
            kept = BytesIO()
            image.save(kept, "WEBP", quality=QUALITY, method=3)
        except BOMBS as error:
            raise too_many_pixels() from error
        except BROKEN as error:
            raise BadPicture("This picture is damaged and cannot be opened. Try to save or export it again.") from error
    return kept.getvalue(), image.width, image.height


def opened(content: bytes) -> Image.Image:
    """The picture's header read and judged, not one pixel unpacked."""
    image = Image.open(BytesIO(content), formats=FORMATS)
    if image.width * image.height > MOST_PIXELS:
        raise too_many_pixels()
    # A JPEG can be read at a half, a quarter or an eighth of its size.
    image.draft("RGB", (LONG_SIDE, LONG_SIDE))
    if image.width * image.height > MOST_DECODED:
        raise too_many_pixels()
    return image


def too_many_pixels() -> BadPicture:
    return BadPicture(
        f"This picture has too many pixels: {MOST_PIXELS // 1_000_000} million is the most for a photo, "
        f"{MOST_DECODED // 1_000_000} million for a PNG, WebP or GIF. Make it smaller and add it again."
    )


def in_full_colour(image: Image.Image) -> Image.Image:
    """Free of palettes and of sixteen bits, neither of which can be made smaller smoothly."""
    if image.mode.startswith("I"):
        # Pillow would cut off what is above eight bits.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("RGB", "RGBA", "L", "CMYK"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The same colours as every screen shows them, so that the picture needs no profile of its own."""
    if profile and image.mode in ("RGB", "CMYK"):
        # A profile that cannot be read leaves the colours as they are.
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            ours, theirs = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(BytesIO(profile))
            changed = ImageCms.profileToProfile(image, theirs, ours, outputMode="RGB")
            return changed or image
    if image.mode == "RGBA" or image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("RGB")
