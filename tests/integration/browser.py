"""A page as a browser shows it: a screenshot of it, and the colors in that."""

import os
import shutil
import signal
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PATIENCE_S = 90


class NoBrowser(Exception):
    """There is none, or it did not come up; that says nothing of the page."""


def is_there():
    return shutil.which("chromium") is not None


def take_screenshot(page, png, width=1200, height=900):
    """Has chromium draw the page; ends it, with all its processes, when that takes too long."""
    if not is_there():
        raise NoBrowser("chromium is not installed")
    with tempfile.TemporaryDirectory(prefix="parproc-browser-", ignore_cleanup_errors=True) as home:
        child = subprocess.Popen(
            ["chromium", *OPTIONS, f"--user-data-dir={home}", f"--screenshot={png}",
             f"--window-size={width},{height}", page.resolve().as_uri()],
            env={**os.environ, "HOME": home}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
        try:
            _, err = child.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise NoBrowser(f"chromium has not drawn the page within {PATIENCE_S} s") from None
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
    if child.returncode != 0 or not Path(png).exists():
        raise NoBrowser(f"chromium ended with {child.returncode}: {err[-500:]}")


def unfilter(kind, line, before, step):
    """Undoes what PNG does to a line (a bytearray) before it is compressed."""
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        up = before[i]
        corner = before[i - step] if i >= step else 0
        if kind == 1:
            line[i] = (line[i] + left) & 255
        elif kind == 2:
            line[i] = (line[i] + up) & 255
        elif kind == 3:
            line[i] = (line[i] + (left + up) // 2) & 255
        elif kind == 4:
            guess = left + up - corner
            near = min((left, up, corner), key=lambda value: abs(guess - value))
            line[i] = (line[i] + near) & 255


def read_png(path):
    """The width, and for each line the set of its colors, as (red, green, blue)."""
    data = Path(path).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "a PNG file"
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", data[at + 8:at + 18])
        elif kind == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += length + 12
    assert depth == 8 and color in (2, 6), "plain colors"
    step = 3 if color == 2 else 4
    raw, before, lines = zlib.decompress(packed), bytearray(width * step), []
    for y in range(height):
        begin = y * (width * step + 1)
        line = bytearray(raw[begin + 1:begin + 1 + width * step])
        if raw[begin]:
            unfilter(raw[begin], line, before, step)
        lines.append({tuple(line[i:i + 3]) for i in range(0, len(line), step)})
        before = line
    return width, lines
