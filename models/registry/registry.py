"""Published models by name: where they are, how to know them, and what they expect. No weights are kept here."""

from __future__ import annotations

from dataclasses import dataclass

from landslip.models.registry.published_file import PublishedFile
from landslip.runtime.artifacts.spec import ModelSpec, published_spec
from landslip.runtime.errors import UsageError


@dataclass(frozen=True)
class RegisteredModel(PublishedFile):
    """A weights file that others have published; its name is the stem of the file."""

    doi: str
    """DOI of the article that describes the model, without the resolver."""
    citation: str
    """The article, for people."""
    licence: str
    """Sentence on the licence of the weights, as far as it is known."""
    architecture: str
    """Name of networks of its kind."""
    spec: ModelSpec
    """Description of what the network expects and what its output means."""


_PRAKASH_2021 = (
    "Prakash, N., Manconi, A. & Loew, S. A new strategy to map landslides with a generalized convolutional "
    "neural network. Scientific Reports 11 (2021)."
)

M_ALL_006 = RegisteredModel(
    name="M_ALL_006",
    url="https://media.githubusercontent.com/media/nprksh/landslide-mapping-with-cnn/main/M_ALL_006.hdf5",
    size=250_991_304,
    sha256="24b81b52411917bb8b69dc87b994478a4ddbdce92c4f5c42e6b4061a763b6a3b",
    doi="10.1038/s41598-021-89015-8",
    citation=_PRAKASH_2021,
    licence="The repository states no licence: fetch the weights yourself, and ask the authors before passing them on.",
    architecture="U-Net",
    spec=published_spec("M_ALL_006", f"{_PRAKASH_2021} doi:10.1038/s41598-021-89015-8"),
)
"""The network of Prakash, Manconi & Loew (2021), trained on 6 m pixels of many events."""

REGISTRY: dict[str, RegisteredModel] = {model.name: model for model in (M_ALL_006,)}


DEMO_NOTICE = "Demonstration model, trained on synthetic mountains alone: not for real events."
"""Notice in the demo model's artifacts and their maps."""

_NOTICES = {"4cfb359794b97509ff6d83cc2fcfed7e7d6f7abb392c40a243763d28672c0408": DEMO_NOTICE}
"""Notices of Keras files that everybody has, by SHA-256: the demo's."""


def notice_of(digest: str) -> str:
    """Notice that users of a Keras file with this digest have to know; empty where there is none."""
    return _NOTICES.get(digest, "")


def registered(name: str) -> RegisteredModel:
    """The model of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in REGISTRY:
        raise UsageError(f"No model is registered as {name!r}. There is: {', '.join(sorted(REGISTRY))}.")
    return REGISTRY[name]


def find_by_sha256(digest: str) -> RegisteredModel | None:
    """The registered model whose file has this digest, or ``None``."""
    return next((model for model in REGISTRY.values() if model.sha256 == digest.lower()), None)
