"""Networks of PyTorch in styles that public ones have, with random weights; run by a Python that has PyTorch.

    python3 pytorch_styles.py FOLDER

writes ``NAME.HOW.onnx`` for each, with sizes written down or open and in an early and a later opset, and ``NAME.npz``:
what was fed (``image``, in 0 to 1), and what PyTorch says (``confidence``).
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

TILE = 64


class Enlarged(nn.Module):
    """GELU, and enlargement to the size of the image by corners."""

    def __init__(self):
        super().__init__()
        self.down, self.last = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Conv2d(8, 1, 1)

    def forward(self, image):
        small = functional.gelu(self.down(image))
        large = functional.interpolate(small, size=image.shape[-2:], mode="bilinear", align_corners=True)
        return torch.sigmoid(self.last(large))


class Attention(nn.Module):
    """A block of a vision transformer: patches, layer normalisation, heads of attention, a perceptron."""

    def __init__(self, width=16, heads=4):
        super().__init__()
        self.patches, self.heads = nn.Conv2d(3, width, 4, stride=4), heads
        self.before, self.three, self.after = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.last = nn.ConvTranspose2d(width, 1, 4, stride=4)

    def forward(self, image):
        patches = self.patches(image)
        count, width, rows, cols = patches.shape
        words = patches.flatten(2).transpose(1, 2)
        three = self.three(self.before(words)).reshape(count, rows * cols, 3, self.heads, width // self.heads)
        query, key, value = three.permute(2, 0, 3, 1, 4)
        weights = (query @ key.transpose(-2, -1) * (width // self.heads) ** -0.5).softmax(-1)
        words = words + self.after((weights @ value).transpose(1, 2).reshape(count, rows * cols, width))
        words = words + self.perceptron(words)
        return torch.sigmoid(self.last(words.transpose(1, 2).reshape(count, width, rows, cols)))


class Windows(nn.Module):
    """Attention within shifted windows, channels last."""

    def __init__(self, width=16, window=8):
        super().__init__()
        self.first, self.two, self.last = (
            nn.Conv2d(3, width, 3, padding=1),
            nn.Linear(width, 2 * width),
            nn.Conv2d(width, 1, 1),
        )
        self.window = window

    def forward(self, image):
        values = torch.roll(self.first(image).permute(0, 2, 3, 1), (-2, -2), (1, 2))
        count, rows, cols, width = values.shape
        down, right, edge = rows // self.window, cols // self.window, self.window
        words = values.view(count, down, edge, right, edge, width).permute(0, 1, 3, 2, 4, 5)
        words = words.reshape(-1, edge * edge, width)
        query, key = self.two(words).chunk(2, -1)
        words = (query @ key.transpose(1, 2)).softmax(-1) @ words
        values = words.view(count, down, right, edge, edge, width).permute(0, 1, 3, 2, 4, 5)
        values = torch.roll(values.reshape(count, rows, cols, width), (2, 2), (1, 2))
        return torch.sigmoid(self.last(values.permute(0, 3, 1, 2)))


class Dilated(nn.Module):
    """Dilation, a mean over the image, instance normalisation, PReLU, dropout, softmax of two classes."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(3, 8, 3, padding=6, dilation=6)
        self.mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.ReLU6())
        self.joined, self.norm, self.slopes = nn.Conv2d(16, 4, 1), nn.InstanceNorm2d(4, affine=True), nn.PReLU(4)
        self.last, self.dropout = nn.Conv2d(4, 2, 1), nn.Dropout2d(0.5)

    def forward(self, image):
        mean = functional.interpolate(self.mean(image), size=image.shape[-2:], mode="bilinear", align_corners=False)
        joined = self.slopes(self.norm(self.joined(torch.cat([self.wide(image), mean], 1))))
        return torch.softmax(self.last(self.dropout(joined)), 1)[:, 1:]


class Shuffled(nn.Module):
    """Pixels from channels, Mish, Softplus, margins, replicated edges, and an answer without channels."""

    def __init__(self):
        super().__init__()
        self.down, self.shuffle = nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.PixelShuffle(2)
        self.last = nn.Conv2d(4, 1, 3, padding=1, padding_mode="replicate")

    def forward(self, image):
        values = self.shuffle(functional.mish(self.down(image)))
        values = functional.pad(values, (1, 1, 1, 1))[:, :, 1:-1, 1:-1]
        return torch.sigmoid(self.last(functional.softplus(values) * torch.tanh(values))).squeeze(1)


STYLES = {each.__name__.lower(): each for each in (Enlarged, Attention, Windows, Dilated, Shuffled)}


def write(folder, name):
    torch.manual_seed(0)
    network = STYLES[name]().eval()
    image = torch.rand(2, 3, TILE, TILE)
    with torch.no_grad():
        answer = network(image)
    rows = answer.ndim - 2
    open_sizes = {"image": {0: "n", 2: "rows", 3: "cols"}, "out": {0: "n", rows: "rows", rows + 1: "cols"}}
    for how, opset, axes, example in (("open", 17, open_sizes, image), ("fixed", 11, None, image[:1])):
        torch.onnx.export(
            network, example, str(folder / f"{name}.{how}.onnx"), opset_version=opset, input_names=["image"],
            output_names=["out"], dynamic_axes=axes,
        )  # fmt: skip
    np.savez(folder / f"{name}.npz", image=image.numpy(), confidence=answer.reshape(2, 1, TILE, TILE).numpy())


if __name__ == "__main__":
    for each in STYLES:
        write(Path(sys.argv[1]), each)
