"""Job orders of the Generic IPF, as the Sentinels' processing facilities write them.

Missions spell some elements differently, and leave others out; what they have in common is read, and each of the
spellings that are known. Breakpoints are left out: landslip has none.
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
    TimeSpan,
)
from landslip.runtime.joborder.order_xml import OrderElement
from landslip.runtime.untrusted.printable import shown

_NAME_TYPES = ("Physical", "Logical", "Stem", "Directory", "Regexp", "Archive")
_PARAMETERS = (
    ("Dynamic_Processing_Parameters", "Processing_Parameter"),
    ("List_of_Dynamic_Processing_Parameters", "Dynamic_Processing_Parameter"),
    ("List_of_Dyn_Processing_Parameters", "Dyn_Processing_Parameter"),
    ("Processing_Parameters", "Processing_Parameter"),
)
"""Spellings of the list of parameters and of its entries."""


def generic_order(root: OrderElement, order: JobOrder) -> dict[str, object]:
    """Fields of a job order by what an ``Ipf_Job_Order`` says.

    Raises:
        InputError: something is missing or makes no sense.
    """
    conf = root.child("Ipf_Conf")
    both = conf.optional("Logging_Level")
    parameters = {**_parameters(root), **_parameters(conf)}
    procs = root.entries("List_of_Ipf_Procs", "Ipf_Proc")
    test = conf.flag("Test")
    return {
        "generation": Generation.GENERIC_IPF,
        "processor": conf.text("Processor_Name"),
        "version": conf.text("Version"),
        "stdout_levels": from_level(conf, "Logging_Level" if both else "Stdout_Log_Level"),
        "stderr_levels": from_level(conf, "Logging_Level" if both else "Stderr_Log_Level"),
        "test": test,
        "file_class": "TEST" if test else "OPER",
        "station": conf.text("Processing_Station", ""),
        "span": conf.span("Sensing_Time") or order.span,
        "config_files": _config_files(root, conf),
        "tasks": tuple(_task(each, parameters) for each in procs),
    }


def from_level(conf: OrderElement, name: str) -> frozenset[str]:
    """The level of that name and all above it; INFO where the order does not say one.

    Raises:
        InputError: it is none of the five.
    """
    level = conf.text(name, "INFO").upper()
    if level not in LEVELS:
        raise conf.child(name).error(f"is {shown(level)}", f"Give one of {', '.join(LEVELS)}.")
    return frozenset(LEVELS[LEVELS.index(level) :])


def _parameters(parent: OrderElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for lists, entry in _PARAMETERS:
        for each in parent.entries(lists, entry):
            name = each.text("Name")
            if name in found:
                raise each.error(f"gives the parameter {shown(name)} again", "Give it once.")
            found[name] = each.text("Value")
    return found


def _config_files(root: OrderElement, conf: OrderElement) -> tuple[str, ...]:
    """Configuration files, and those that missions name by an element of their own."""
    listed = conf.optional("Config_Files")
    private = root.optional("Processor_Conf")
    names = [] if listed is None else [each.value() for each in listed.children()]
    if private is not None:
        names.append(private.text("File_Name", ""))
    return tuple(name for name in names if name)


def _task(proc: OrderElement, parameters: dict[str, str]) -> OrderedTask:
    return OrderedTask(
        name=proc.text("Task_Name"),
        version=proc.text("Task_Version", ""),
        inputs=tuple(_input(each) for each in proc.entries("List_of_Inputs", "Input")),
        outputs=tuple(_output(each) for each in proc.entries("List_of_Outputs", "Output")),
        parameters=parameters,
    )


def _input(element: OrderElement) -> OrderedInput:
    spans: dict[str, TimeSpan] = {}
    for each in element.entries("List_of_Time_Intervals", "Time_Interval"):
        spans[each.text("File_Name", "")] = each.own_span()
    names = [each.value() for each in element.entries("List_of_File_Names", "File_Name")]
    return OrderedInput(
        file_type=element.text("File_Type"),
        files=tuple(OrderedFile(name, spans.get(name)) for name in names if name),
        name_type=_name_type(element),
    )


def _output(element: OrderElement) -> OrderedOutput:
    kind, name = _name_type(element), element.text("File_Name", "")
    folder, slash, last = name.rpartition("/")
    if kind == "Directory":  # of which the name is that of a folder
        folder, slash, last = name.rstrip("/").rpartition("/")
    return OrderedOutput(file_type=element.text("File_Type"), folder=folder + slash, pattern=last, name_type=kind)


def _name_type(element: OrderElement) -> str:
    kind = element.text("File_Name_Type", "Physical")
    if kind not in _NAME_TYPES:
        raise element.child("File_Name_Type").error(f"is {shown(kind)}", f"Give one of {', '.join(_NAME_TYPES)}.")
    return kind
