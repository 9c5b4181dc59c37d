# SPDX-License-Identifier: BSD-2-Clause
"""Bytes that look random and are the same on every run."""
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

ROOT = b"passkeyd vectors"


def derive(label, length):
    return HKDFExpand(hashes.SHA256(), length, label.encode()).derive(ROOT.ljust(32, b"\0"))


def derive_w3c(info, index, length):
    """The derivation that WebAuthn Level 3, section "Test Vectors", states."""
    return HKDF(hashes.SHA256(), length, bytes([index]), info.encode()).derive(
        b"WebAuthn test vectors")
