"""Save a picture of a page in few colours, which keeps the repository small."""

from io import BytesIO
from pathlib import Path

from PIL import Image


def save(png: bytes, file: Path) -> None:
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)
