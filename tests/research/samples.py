"""Files as people and their enemies send them, made in memory."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

WORD = {
    "[Content_Types].xml": b"<Types/>",
    "word/document.xml": b"<w:document>Three groups asked if they could film.</w:document>",
}
PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
WAV = b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(28)
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" * 8
M4A = b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00M4A mp42isom\x00\x00\x00\x00"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any) -> bytes:
    colour = {"RGB": (200, 50, 29), "RGBA": (200, 50, 29, 120), "L": 90, "CMYK": (0, 200, 200, 40), "I;16": 40_000}
    content = BytesIO()
    Image.new(mode, size, colour[mode]).save(content, kind, **options)
    return content.getvalue()


def a_photo_with_its_place(turned: bool = False) -> bytes:
    """A JPEG that tells where it was taken, with what, and a comment; turned: to be shown upright."""
    exif = Image.Exif()
    exif[0x010F] = "CANARYCAMERA"
    if turned:
        exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 27.0, 48.0), 3: "W", 4: (0.0, 9.0, 40.0)})
    return a_picture(exif=exif.tobytes(), comment=b"CANARYCOMMENT")


def a_zip(parts: dict[str, bytes], pressed: bool = True) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if pressed else zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def a_document(**more: bytes) -> bytes:
    return a_zip({**WORD, **more})


def an_open_document(kind: str = "text") -> bytes:
    return a_zip({"mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(), "content.xml": b"<x/>"}, False)


def a_png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and has none."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def a_webp_header(width: int, height: int) -> bytes:
    body = b"\x10\x00\x00\x00" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = b"WEBPVP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def a_bomb() -> bytes:
    """A document with a part that packs a thousand to one."""
    return a_document(**{"word/media/image1.bmp": bytes(20_000_000)})


def a_lying_bomb() -> bytes:
    """A document whose parts lie over one another: together they are longer than the file."""
    content = bytearray(a_zip({**WORD, "word/a.xml": bytes(range(256)) * 40}, False))
    entry = content.rindex(b"PK\x01\x02")
    twice = content[entry : content.rindex(b"PK\x05\x06")]
    end = bytearray(content[content.rindex(b"PK\x05\x06") :])
    count, count_all, length = struct.unpack_from("<HHI", end, 8)
    copies = 40
    struct.pack_into("<HHI", end, 8, count + copies, count_all + copies, length + copies * len(twice))
    return bytes(content[: content.rindex(b"PK\x05\x06")] + twice * copies + end)
