"""Graphs of an artifact that an engine opens: the whole, or the two halves where features are shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from landslip.runtime.artifacts.feature_cut import FeatureValue, SharedFeatures, cut_features
from landslip.runtime.artifacts.input_spec import InputSpec
from landslip.runtime.artifacts.onnx_file import OnnxFile


@dataclass(frozen=True)
class GraphSource:
    """A graph to open."""

    path: Path
    """File that it is of."""
    takes: tuple[InputSpec | FeatureValue, ...]
    """Everything that it takes."""
    content: bytes | None = None
    """The graph as a file of its own; None where it is the whole file."""

    @property
    def given(self) -> str | bytes:
        """Name of the file, or its content, for a library to read."""
        return str(self.path) if self.content is None else self.content

    def inputs_of(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The part of a batch that it takes."""
        return {entry.name: batch[entry.name] for entry in self.takes}


@dataclass(frozen=True)
class GraphSources:
    """The graphs of an engine."""

    main: GraphSource
    """Graph that gives the confidence."""
    apart: GraphSource | None = None
    """Graph that gives the features; None where they are not shared."""
    shared: SharedFeatures | None = None
    """Features that are shared."""

    @classmethod
    def of(cls, file: OnnxFile, *, shares: bool) -> GraphSources:
        """The graphs of an artifact.

        Raises:
            UsageError: it has no features that could be shared.
            ModelError: the file is damaged.
        """
        if not shares:
            return cls(GraphSource(file.path, file.spec.inputs))
        cut = cut_features(file)
        main, apart = (GraphSource(file.path, half.takes, half.content) for half in (cut.rest, cut.features))
        return cls(main, apart, cut.shared)

    @property
    def features(self) -> tuple[FeatureValue, ...]:
        """Features that pass from one to the other."""
        return self.shared.values if self.shared else ()

    def results(self) -> list[tuple[int, str]]:
        """Bands and type of each of the features."""
        return [(each.bands, each.dtype) for each in self.features]

    def named(self, results: Any) -> dict[str, Any]:
        """Features by name."""
        return {each.name: result for each, result in zip(self.features, results, strict=True)}
