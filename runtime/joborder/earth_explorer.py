"""Job orders of the Earth Explorers, after the Generic Processor ICD, ESA-EOPG-EEGS-ID-0083.

Intermediate outputs are left out, whatever Intermediate_Output_Enable says: landslip has none.
"""

from __future__ import annotations

from landslip.runtime.joborder.order_types import (
    LEVELS,
    Generation,
    JobOrder,
    OrderedFile,
    OrderedInput,
    OrderedOutput,
    OrderedTask,
)
from landslip.runtime.joborder.order_xml import OrderElement
from landslip.runtime.untrusted.printable import shown

Ring = tuple[tuple[float, float], ...]
"""Longitude and latitude of the corners of an area, in degrees."""


def explorer_order(root: OrderElement, order: JobOrder) -> dict[str, object]:
    """Fields of a job order by what a ``Job_Order`` says.

    Raises:
        InputError: something is missing or makes no sense.
    """
    conf = root.child("Processor_Configuration")
    request = conf.optional("Request")
    file_class = conf.text("File_Class", "")
    return {
        "generation": Generation.EARTH_EXPLORER,
        "processor": conf.text("Processor_Name"),
        "version": conf.text("Processor_Version"),
        "stdout_levels": _levels(conf, "Stdout"),
        "stderr_levels": _levels(conf, "Stderr"),
        "file_class": file_class or order.file_class,
        "test": file_class == "TEST",
        "station": conf.text("Processing_Station", ""),
        "node": conf.text("Processing_Node", ""),
        "span": (request.span("TOI") if request is not None else None) or order.span,
        "areas": tuple(_ring(each) for each in request.children("AOI")) if request is not None else (),
        "tasks": tuple(_task(each) for each in root.entries("List_of_Tasks", "Task")),
    }


def _levels(conf: OrderElement, stream: str) -> frozenset[str]:
    """Levels that are listed for a stream; without a list, all but DEBUG."""
    if conf.optional(f"List_of_{stream}_Log_Levels") is None:
        return frozenset(LEVELS[1:])
    found = set[str]()
    for each in conf.entries(f"List_of_{stream}_Log_Levels", f"{stream}_Log_Level"):
        level = each.value().upper()
        if level not in LEVELS:
            raise each.error(f"is {shown(level)}", f"Give one of {', '.join(LEVELS)}.")
        found.add(level)
    return frozenset(found)


def _ring(area: OrderElement) -> Ring:
    """Corners of an area, which are written as pairs of latitude and longitude."""
    geometry = area.child("Geometry")
    words = geometry.value().replace(",", " ").split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    ring = tuple(zip(numbers[1::2], numbers[::2], strict=False))
    inside = all(-180 <= east <= 180 and -90 <= north <= 90 for east, north in ring)
    if len(numbers) % 2 or len(ring) < 4 or ring[0] != ring[-1] or not inside:
        raise geometry.error(
            f"is {shown(' '.join(words))}",
            "Give latitude and longitude in degrees of three corners at least, and the first one again at the end.",
        )
    return ring


def _task(element: OrderElement) -> OrderedTask:
    parameters: dict[str, str] = {}
    for each in element.entries("List_of_Proc_Parameters", "Proc_Parameter"):
        name = each.text("Name")
        if name in parameters:
            raise each.error(f"gives the parameter {shown(name)} again", "Give it once.")
        parameters[name] = each.text("Value")
    memory, disk = element.number("Amount_of_RAM"), element.number("Disk_Space")
    return OrderedTask(
        name=element.text("Task_Name"),
        version=element.text("Task_Version", ""),
        inputs=tuple(each for entry in element.entries("List_of_Inputs", "Input") for each in _inputs(entry)),
        outputs=tuple(_output(each) for each in element.entries("List_of_Outputs", "Output")),
        parameters=parameters,
        config_files=tuple(each.text("Cfg_File_Name") for each in element.entries("List_of_Cfg_Files", "Cfg_File")),
        cores=element.number("Number_of_CPU_Cores"),
        memory_mb=int(memory) if memory else None,
        disk_mb=int(disk) if disk else None,
    )


def _inputs(element: OrderElement) -> list[OrderedInput]:
    name = element.text("Input_ID", "")
    return [
        OrderedInput(
            file_type=each.text("File_Type"),
            files=tuple(
                OrderedFile(file)
                for entry in each.entries("List_of_File_Names", "File_Name")
                if (file := entry.value())
            ),
            input_id=name,
        )
        for each in element.entries("List_of_Selected_Inputs", "Selected_Input")
    ]


def _output(element: OrderElement) -> OrderedOutput:
    return OrderedOutput(
        file_type=element.text("File_Type"),
        folder=element.text("File_Dir", ""),
        pattern=element.text("File_Name_Pattern", ""),
        name_type="Pattern",
        baseline=element.text("Baseline", ""),
    )
