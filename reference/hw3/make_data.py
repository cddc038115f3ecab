"""Write the digits that hw3 ships: scikit-learn's handwritten digits as MNIST-like IDX files.

Run once, with scikit-learn installed: ``python reference/hw3/make_data.py``. The result is committed, so that
neither students nor the grader need scikit-learn or the internet.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits

RAW = Path(__file__).parent / "data" / "MNIST" / "raw"
TEST_ITEMS = 360
SEED = 0


def enlarge(images: np.ndarray) -> np.ndarray:
    """Bring 8x8 images to MNIST's layout: a 20x20 digit (bilinear) in the middle of 28x28 black pixels.

    Args:
        images: float array (N, 8, 8), 0 (background) to 16 (ink).

    Returns:
        uint8 array (N, 28, 28), 0 to 255.
    """
    scaled = torch.from_numpy(images)[:, None] * (255 / 16)
    large = torch.nn.functional.interpolate(scaled, size=(20, 20), mode="bilinear", align_corners=False)
    framed = torch.nn.functional.pad(large, (4, 4, 4, 4))
    return framed[:, 0].round().clamp(0, 255).to(torch.uint8).numpy()


def idx_bytes(array: np.ndarray) -> bytes:
    """Encode a uint8 array as an IDX file."""
    header = bytes([0, 0, 8, array.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + sizes + array.astype(np.uint8).tobytes()


def main() -> None:
    """Shuffle with a fixed seed, split and write the four files."""
    digits = load_digits()
    order = np.random.default_rng(SEED).permutation(len(digits.images))
    images, labels = enlarge(digits.images)[order], digits.target[order]
    RAW.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", slice(TEST_ITEMS, None)), ("t10k", slice(None, TEST_ITEMS))):
        (RAW / f"{name}-images-idx3-ubyte").write_bytes(idx_bytes(images[part]))
        (RAW / f"{name}-labels-idx1-ubyte").write_bytes(idx_bytes(labels[part]))
        print(f"{name}: {len(images[part])} images")


if __name__ == "__main__":
    main()
