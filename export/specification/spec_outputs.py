"""Output of a network from its table in SPEC.toml: which one is served, how, and what its bands mean."""

from __future__ import annotations

from landslip.export.specification.description import Served
from landslip.export.specification.spec_tables import ModelTable, OutputTable
from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.untrusted.printable import shown
from landslip.runtime.untrusted.typed_values import UnfitError

WHERE = "outputs[0]"
"""Place of the one table, for messages."""


def output_of(table: ModelTable) -> tuple[Served, tuple[ClassSpec, ...], int | None]:
    """Part of the output that is served, the classes of a map of classes, and the band that alone is the confidence.

    Raises:
        UnfitError: its keys exclude each other, or one is missing; the message names it.
    """
    output = table.outputs[0] if table.outputs else None
    if output is None:
        return Served(), (), table.output_band
    _check(output, table.output_band)
    classes = _classes(output)
    landslide = tuple(number for number, each in enumerate(classes) if each.landslide)
    if _maps_classes(output, landslide):
        _check_exclusive(output, "several classes in one map")
        return Served(output.output, output.activation, tuple(range(len(classes)))), classes, None
    if len(landslide) > 1:
        _check_exclusive(output, "the sum of several classes")
    band = table.output_band if output.band is None else output.band
    bands = landslide or (() if band is None else (band,))
    return Served(output.output, output.activation, bands), (), bands[0] if len(bands) == 1 else None


def _check(output: OutputTable, output_band: int | None) -> None:
    chosen = [key for key in ("classes", "band") if getattr(output, key) is not None]
    chosen += ["output_band"] * (output_band is not None)
    if len(chosen) > 1:
        raise UnfitError(f"{WHERE} says {' and '.join(chosen)}. Give one of them: each says which band is mapped.")
    if output.classes is None:
        for key in ("landslide", "class_map"):
            if getattr(output, key) is not None:
                raise UnfitError(f"{WHERE} says {key}, and no classes. Give the names of all of its bands (classes).")
    if output.activation == "softmax" and not chosen:
        raise UnfitError(
            f"{WHERE}.activation is 'softmax', which is over several bands. Give their names (classes), or the band "
            "that means landslide (band)."
        )


def _classes(output: OutputTable) -> tuple[ClassSpec, ...]:
    if output.classes is None:
        return ()
    if len(set(output.classes)) != len(output.classes):
        raise UnfitError(f"{WHERE}.classes is {shown(list(output.classes))}; give each class a name of its own.")
    if output.landslide is None:
        raise UnfitError(f"{WHERE} does not say landslide: which of its classes mean landslide. Name at least one.")
    meant = (output.landslide,) if isinstance(output.landslide, str) else output.landslide
    if unknown := [name for name in meant if name not in output.classes]:
        raise UnfitError(
            f"{WHERE}.landslide names {shown(unknown[0])}; give some of its classes: {', '.join(output.classes)}."
        )
    if not 0 < len(set(meant)) < len(output.classes):
        raise UnfitError(
            f"{WHERE}.landslide is {'all' if meant else 'none'} of its classes; give those that mean landslide, and "
            "not those of ground that stands."
        )
    return tuple(ClassSpec(name, name in meant) for name in output.classes)


def _maps_classes(output: OutputTable, landslide: tuple[int, ...]) -> bool:
    return len(landslide) > 1 if output.class_map is None else output.class_map


def _check_exclusive(output: OutputTable, what: str) -> None:
    if output.activation == "sigmoid":
        raise UnfitError(
            f"{WHERE}.activation is 'sigmoid', with which each class is told apart from everything else alone, and "
            f"{what} needs classes that exclude each other. Give 'softmax' if the network was trained so, or one class "
            "that means landslide."
        )
