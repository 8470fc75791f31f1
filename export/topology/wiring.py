"""Finds what feeds what in a saved model, through the models it uses as layers.

A call of a model is followed inwards, to the layer that gives its output, and the input layer in there is followed
outwards again, to what feeds the call. Layers that do nothing are passed over.
"""

from __future__ import annotations

from typing import NamedTuple

from landslip.export.layers.dtypes import check_floating
from landslip.export.layers.known_layers import ONLY_TRAINS, TRANSPARENT
from landslip.export.topology.inbound_nodes import Ref, input_refs
from landslip.export.topology.layer_screen import SavedGraph, SavedLayer
from landslip.export.topology.operations import Call, calls_of_function
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable

_SHOWN = 200
"""Characters of a reason that a message repeats at the most."""


class IntoModel(NamedTuple):
    """Step into a call of a model that is used as a layer."""

    model: str
    """Name of the model."""
    call: int
    """Number of the call."""


class Place(NamedTuple):
    """An output of a call of a layer, wherever it lies."""

    steps: tuple[IntoModel, ...]
    """Calls of models to go into, from the outside in."""
    ref: Ref
    """The output there."""

    @property
    def path(self) -> tuple[str, ...]:
        """Names of the models the layer lies in, then its own."""
        return (*(step.model for step in self.steps), self.ref.layer)

    @property
    def name(self) -> str:
        """The names with slashes between them, each with the number of its call if it is not the first."""
        return "/".join(f"{name}:{call}" if call else name for name, call in (*self.steps, self.ref[:2]))


class Wiring:
    """Paths from the served output of one file back to its inputs."""

    def __init__(self, graph: SavedGraph, where: str) -> None:
        """Start at the outermost model.

        Args:
            graph: its layers.
            where: file it comes from, for messages.
        """
        self._graph = graph
        self._where = where
        self._inputs: dict[tuple[str, ...], list[tuple[Ref, ...]]] = {}
        self._functions: dict[tuple[str, ...], list[Call]] = {}
        self._plain: dict[Place, Place] = {}

    def output(self, name: str) -> Place:
        """The call of a plain layer that gives an output of the model."""
        return self.resolved(Place((), self._counted((), self._graph.outputs[name])))

    @property
    def passed(self) -> frozenset[tuple[str, ...]]:
        """Paths of the layers on the way so far, those that do nothing included."""
        return frozenset(place.path for place in self._plain)

    def layer(self, place: Place) -> SavedLayer:
        """The layer at a place."""
        return self._graph_at(place.steps).layers[place.ref.layer]

    def function(self, place: Place) -> Call | None:
        """Operation that a call of a function becomes; None for a layer."""
        layer = self.layer(place)
        return None if layer.function is None else self._functions_of(place, layer, layer.function)[place.ref.call]

    def sources(self, place: Place) -> tuple[Place, ...]:
        """Outputs that feed a call, after all models and layers that do nothing were passed.

        Raises:
            ModelError: the file does not say so in a way that makes sense.
        """
        if self.layer(place).kind == "InputLayer":
            return ()
        return tuple(self.resolved(Place(place.steps, ref)) for ref in self._fed_by(place))

    def resolved(self, place: Place) -> Place:
        """The call of a plain layer that a place stands for.

        Raises:
            ModelError: there is no such layer or call, or layers that do nothing feed themselves.
        """
        passed: set[Place] = set()
        while place not in self._plain:
            following = self._following(place)
            passed.add(place)
            if following is None:
                self._plain[place] = place
            elif following in passed:
                raise ModelError(f"{self._where}: layer {place.name!r} feeds itself.")
            else:
                place = following
        # Remembered for all that was passed: many layers may refer to the far end of one long chain.
        self._plain |= dict.fromkeys(passed, self._plain[place])
        return self._plain[place]

    def _following(self, place: Place) -> Place | None:
        """The next place on the way to a plain layer, or None where one is reached."""
        layer = self._buildable(place)
        if layer.model is not None:
            outputs = list(layer.model.outputs.values())
            if place.ref.output >= len(outputs):
                raise ModelError(f"{self._where}: model {place.name!r} has {len(outputs)} outputs, not more.")
            steps = (*place.steps, IntoModel(layer.name, place.ref.call))
            return Place(steps, self._counted(steps, outputs[place.ref.output]))
        if layer.kind == "InputLayer" and place.steps:
            self._check_floating(place, layer)
            return self._outside(place)
        if layer.kind in TRANSPARENT:
            sources = self._fed_by(place)
            if len(sources) != 1:
                raise ModelError(
                    f"{self._where}: layer {place.name!r} has {len(sources)} inputs where {layer.kind} takes one."
                )
            return Place(place.steps, sources[0])
        if place.ref.output:
            raise ModelError(f"{self._where}: output {place.ref.output} of layer {place.name!r} is used; it has one.")
        return None

    def _check_floating(self, place: Place, layer: SavedLayer) -> None:
        """Keras casts what goes into a model to the type of its input layer, which is passed over here."""
        try:
            check_floating(layer.options)
        except ValueError as error:
            raise ModelError(f"{self._where}: input {place.name!r} of a nested model has {error}.") from error

    def _outside(self, place: Place) -> Place:
        """Output that feeds the input layer of a model that is used as a layer."""
        *outer, step = place.steps
        sources = self._fed_by(Place(tuple(outer), Ref(step.model, step.call, 0)))
        inputs = self._graph_at(place.steps).inputs
        if place.ref.layer not in inputs or len(sources) != len(inputs):
            raise ModelError(
                f"{self._where}: model {step.model!r} takes {len(inputs)} inputs and is given {len(sources)}."
            )
        return Place(tuple(outer), sources[inputs.index(place.ref.layer)])

    def _fed_by(self, place: Place) -> tuple[Ref, ...]:
        return tuple(self._counted(place.steps, ref) for ref in self._call(place))

    def _call(self, place: Place) -> tuple[Ref, ...]:
        """Read what the file says goes into a call."""
        made, number = self._inputs_of(place, self.layer(place)), place.ref.call
        if not 0 <= number < len(made) or not made[number]:
            raise ModelError(f"{self._where}: a call of layer {place.name!r} is used that the file does not tell of.")
        return made[number]

    def _counted(self, steps: tuple[IntoModel, ...], ref: Ref) -> Ref:
        """A reference whose calls count from 0."""
        layer = self._graph_at(steps).layers.get(ref.layer)
        return ref if layer is None else ref._replace(call=ref.call - layer.first_call)

    def _inputs_of(self, place: Place, layer: SavedLayer) -> list[tuple[Ref, ...]]:
        if place.path not in self._inputs:
            self._inputs[place.path] = self._read_inputs(place, layer)
        return self._inputs[place.path]

    def _read_inputs(self, place: Place, layer: SavedLayer) -> list[tuple[Ref, ...]]:
        if layer.function is not None:
            return [call.inputs for call in self._functions_of(place, layer, layer.function)]
        try:
            return input_refs(layer.inbound, only_trains=layer.kind in ONLY_TRAINS)
        except ValueError as error:
            raise ModelError(f"{self._where}: layer {place.name!r} cannot be followed: {error}.") from error

    def _functions_of(self, place: Place, layer: SavedLayer, function: str) -> list[Call]:
        if place.path not in self._functions:
            try:
                self._functions[place.path] = calls_of_function(function, layer.options, layer.inbound)
            except (ValueError, TypeError, KeyError) as error:
                raise ModelError(
                    f"{self._where}: layer {place.name!r} calls {function} with something that landslip does not know: "
                    f"{printable(str(error), _SHOWN)}."
                ) from error
        return self._functions[place.path]

    def _buildable(self, place: Place) -> SavedLayer:
        layers = self._graph_at(place.steps).layers
        if place.ref.layer not in layers:
            raise ModelError(f"{self._where}: {place.name!r} feeds a layer but is none of its layers.")
        layer = layers[place.ref.layer]
        if layer.objection is not None:
            raise ModelError(layer.objection)
        # An input layer is not called; its value is referred to as the output of a first call.
        if layer.kind != "InputLayer":
            self._call(place)
        return layer

    def _graph_at(self, steps: tuple[IntoModel, ...]) -> SavedGraph:
        graph = self._graph
        for step in steps:
            inner = graph.layers[step.model].model
            if inner is None:
                raise ModelError(f"{self._where}: layer {step.model!r} is no model.")
            graph = inner
        return graph
