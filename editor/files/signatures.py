"""Tells kinds of files apart by their first bytes, because names lie."""

from __future__ import annotations

import re

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""First bytes of an HDF5 superblock (HDF5 File Format Specification 3.0, section II.A)."""

ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
"""A zip archive's first member, or the end record of an empty one (APPNOTE 6.3.10, sections 4.3.7 and 4.3.16)."""

HEAD_BYTES = 4096
"""As many first bytes as `describe_content` needs."""

_KNOWN = (
    (b"version https://git-lfs", "a Git LFS pointer; the model itself was not downloaded"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x80", "a Python pickle"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a Linux program"),
    (b"MZ", "a Windows program"),
)


def describe_content(head: bytes) -> str:
    """What the first bytes of a file that is no model look like, as the end of "it looks like …".

    Args:
        head: The first bytes of the file, at most `HEAD_BYTES`.
    """
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model"
    for start, name in _KNOWN:
        if head.startswith(start):
            return name
    return _describe_text(head) if _is_text(head) else "binary data of an unknown kind"


def _is_text(head: bytes) -> bool:
    try:
        # The last character may be cut in two.
        text = head.decode("utf-8", errors="ignore" if len(head) >= HEAD_BYTES else "strict")
    except UnicodeDecodeError:
        return False
    return not re.search(r"[\x00-\x08\x0e-\x1f]", text)


def _describe_text(head: bytes) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page; the download may have failed"
    if start.startswith((b"{", b"[")):
        return "JSON text"
    return "text"
