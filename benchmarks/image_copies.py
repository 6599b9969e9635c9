"""What real images score as copies: training images that were held out, and which classes they are.

``python benchmarks/image_copies.py --data mnist``: as many training images as there are test images
are held out at random, and the share of them that is nearer to the rest than 1 % of the test images
are is what a perfect generator would have.
"""

from __future__ import annotations

import argparse

import numpy as np

from tsgan.data.images import read_images
from tsgan.images.metrics import NEAR, copied_share, nearest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    asked = parser.parse_args()
    sets = read_images(asked.data)
    training, test = sets.training, sets.test
    for seed in asked.seeds:
        order = np.random.default_rng(seed).permutation(len(training))
        out, rest = order[: len(test)], order[len(test) :]
        library = training.pixels[rest]
        real, _ = nearest(test.pixels, library)
        held, _ = nearest(training.pixels[out], library)
        print(f"seed {seed}: {copied_share(held, real):.2%} of the images held out; by class:")
        for number, name in enumerate(training.classes):
            mine = training.labels[out] == number
            near = held[mine] < np.quantile(real, NEAR)
            print(f"  {name}: {near.mean():.2%}")


if __name__ == "__main__":
    main()
