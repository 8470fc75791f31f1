"""Three small networks of PyTorch, trained on made-up scenes, with what PyTorch itself says of whole arrays.

    /usr/bin/python3 tests/data/torch/train.py FOLDER [STEPS]

writes ``NAME.onnx`` and ``NAME.npz`` for each: raw values as landslip feeds them, one array for each input, and
``confidence``, the answer of PyTorch. It needs PyTorch (1.13 of Debian is enough) and NumPy, and nothing of landslip.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

TILE = 64
STEPS = 400


def block(bands, width, activation, norm):
    return nn.Sequential(
        nn.Conv2d(bands, width, 3, padding=1, bias=False), norm(width), activation(),
        nn.Conv2d(width, width, 3, padding=1, bias=False), norm(width), activation(),
    )  # fmt: skip


class Published(nn.Module):
    """A U-Net of the usual kind: ReLU, batch normalisation, transposed convolutions; gives logits of one class."""

    def __init__(self, bands=3, width=8):
        super().__init__()
        self.first = block(bands, width, nn.ReLU, nn.BatchNorm2d)
        self.second = block(width, 2 * width, nn.ReLU, nn.BatchNorm2d)
        self.third = block(2 * width, 4 * width, nn.ReLU, nn.BatchNorm2d)
        self.up2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2)
        self.join2 = block(4 * width, 2 * width, nn.ReLU, nn.BatchNorm2d)
        self.up1 = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.join1 = block(2 * width, width, nn.ReLU, nn.BatchNorm2d)
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, image):
        first = self.first(image)
        second = self.second(functional.max_pool2d(first, 2))
        third = self.third(functional.max_pool2d(second, 2))
        second = self.join2(torch.cat([self.up2(third), second], 1))
        return self.last(self.join1(torch.cat([self.up1(second), first], 1)))


class Residual(nn.Module):
    """Residual blocks, SiLU, convolutions of stride 2, channel attention, nearest neighbours to the size of the skip.

    Gives logits of two classes, the first of which means no landslide.
    """

    def __init__(self, bands=4, width=8):
        super().__init__()
        self.first = block(bands, width, nn.SiLU, nn.BatchNorm2d)
        self.down = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.deep = block(2 * width, 2 * width, nn.SiLU, nn.BatchNorm2d)
        self.squeeze, self.excite = nn.Linear(2 * width, width), nn.Linear(width, 2 * width)
        self.last = block(3 * width, width, nn.SiLU, nn.BatchNorm2d)
        self.logits = nn.Conv2d(width, 2, 1)

    def forward(self, image):
        first = self.first(image)
        down = functional.silu(self.down(first))
        deep = down + self.deep(down)
        weights = torch.sigmoid(self.excite(functional.silu(self.squeeze(deep.mean((2, 3))))))
        deep = deep * weights.view(image.shape[0], -1, 1, 1)
        up = functional.interpolate(deep, size=first.shape[2:], mode="nearest")
        return self.logits(self.last(torch.cat([up, first], 1)))


class Pyramid(nn.Module):
    """Depthwise convolutions, group normalisation, LeakyReLU, a pyramid of pools, bilinear enlargement, two outputs."""

    def __init__(self, bands=14, width=16):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(bands, width, 3, padding=1), nn.GroupNorm(4, width), nn.LeakyReLU(0.1))
        self.separable = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=2, dilation=2, groups=width), nn.Conv2d(width, width, 1),
            nn.BatchNorm2d(width), nn.LeakyReLU(0.1),
        )  # fmt: skip
        self.coarse = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(3 * width, 1, 3, padding=1, padding_mode="reflect")
        self.aside = nn.Conv2d(width, 1, 1)

    def forward(self, image):
        first = self.first(image)
        fine = self.separable(first)
        coarse = functional.hardswish(self.coarse(functional.avg_pool2d(fine, 4)))
        up = functional.interpolate(coarse, scale_factor=4, mode="bilinear", align_corners=False)
        return torch.sigmoid(self.aside(coarse)), torch.sigmoid(self.last(torch.cat([first, fine, up], 1)))


def smooth(rng, count, cells):
    noise = torch.from_numpy(rng.normal(size=(count, 1, cells, cells)).astype(np.float32))
    return functional.interpolate(noise, size=(TILE, TILE), mode="bicubic", align_corners=False).numpy()


def scene(rng, count, bands):
    """Ground of ``bands`` bands, 0 to 1, and where it slid: (count, bands, tile, tile), (count, 1, tile, tile)."""
    slid = (smooth(rng, count, 6) > 0.8).astype(np.float32)
    mixture = 1 / (1 + np.exp(-smooth(rng, count, 8)))
    spectra = np.linspace(0.1, 0.4, bands)[None, :, None, None], np.linspace(0.35, 0.15, bands)[None, :, None, None]
    ground = mixture * spectra[0] + (1 - mixture) * spectra[1]
    bare = np.linspace(0.5, 0.6, bands)[None, :, None, None]
    values = np.where(slid > 0, 0.3 * ground + 0.7 * bare, ground) + rng.normal(0, 0.03, ground.shape)
    return np.clip(values, 0, 1).astype(np.float32), slid


def picture(rng, count):
    values, slid = scene(rng, count, 3)
    return {"post": np.rint(values * 255).astype(np.uint8)}, slid


def planet(rng, count):
    values, slid = scene(rng, count, 4)
    return {"post": np.round(values, 3).astype(np.float32)}, slid


def landslide4sense(rng, count):
    values, slid = scene(rng, count, 12)
    slope = np.rint(np.clip(25 + 10 * smooth(rng, count, 5), 0, 80))
    dem = np.rint(900 + 300 * smooth(rng, count, 3))
    return {"image": np.concatenate([np.round(values, 3), slope, dem], 1).astype(np.float32)}, slid


def scaled_picture(raw):
    return raw["post"].astype(np.float32) / np.float32(127.5) - 1


def scaled_planet(raw):
    mean, deviation = (np.float32(each).reshape(1, -1, 1, 1) for each in ([0.2, 0.25, 0.3, 0.35], [0.1, 0.1, 0.2, 0.2]))
    return (raw["post"] - mean) / deviation


def scaled_landslide4sense(raw):
    divisors = np.float32([1.0] * 12 + [90.0, 1000.0]).reshape(1, -1, 1, 1)
    return raw["image"] / divisors


def logits_as_one(answer):
    return torch.sigmoid(answer)


def logits_of_two(answer):
    return torch.softmax(answer, 1)[:, 1:2]


def second(answer):
    return answer[1]


OPEN = {axis: name for axis, name in enumerate(("n", None, "rows", "cols")) if name}
NETWORKS = {
    "picture": (Published, picture, scaled_picture, logits_as_one, ["image"], ["logits"], True, 17),
    "planet": (Residual, planet, scaled_planet, logits_of_two, ["input.1"], ["two"], False, 13),
    "landslide4sense": (Pyramid, landslide4sense, scaled_landslide4sense, second, ["x"], ["aside", "out"], True, 16),
}
"""Network, scenes, scaling, confidence; names of inputs and outputs, whether sizes are open, and the opset."""


def trained(kind, scenes, scaled, confidence, steps, seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = kind()
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(steps):
        raw, slid = scenes(rng, 8)
        loss = functional.binary_cross_entropy(
            confidence(network(torch.from_numpy(scaled(raw)))), torch.from_numpy(slid)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval(), rng


def write(folder, name, steps, seed):
    kind, scenes, scaled, confidence, inputs, outputs, is_open, opset = NETWORKS[name]
    network, rng = trained(kind, scenes, scaled, confidence, steps, seed)
    raw, slid = scenes(rng, 2)
    fed = torch.from_numpy(scaled(raw))
    with torch.no_grad():
        answer = confidence(network(fed)).numpy()
    axes = dict.fromkeys((*inputs, *outputs), OPEN) if is_open else None
    torch.onnx.export(
        network, fed[:1], str(folder / f"{name}.onnx"), opset_version=opset, input_names=inputs, output_names=outputs,
        dynamic_axes=axes,
    )  # fmt: skip
    np.savez_compressed(folder / f"{name}.npz", **raw, confidence=answer)
    union = ((answer >= 0.5) | (slid > 0)).sum()
    print(name, "IoU", round(float(((answer >= 0.5) & (slid > 0)).sum() / union), 3))  # noqa: T201


if __name__ == "__main__":
    where, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else STEPS
    for number, each in enumerate(NETWORKS):
        write(where, each, count, number)
