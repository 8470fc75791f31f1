"""Job orders of both generations, as facilities write them, for a small scene; and the file that explains them."""

from __future__ import annotations

from xml.sax.saxutils import escape

from helpers.models import brightness_model
from helpers.rasters import scene_mixed

CONFIG = """
model = "model.onnx"
[inputs]
S2_PRE = "pre"
S2_POST = "post"
AUX_DEM = "dem"
AUX_MSK = "masks"
[parameters]
Threshold = "threshold"
Smallest_Area = "min_area"
[options]
tile = 64
[outputs.LSC_MAP]
product = "confidence.tif"
[outputs.LSC_POL]
product = "landslides.gpkg"
"""


def scene_of_order(folder):
    """Files of a scene by the types that orders give them, a model, and the configuration beside them."""
    files = scene_mixed(folder)
    brightness_model(folder / "model.onnx")
    (folder / "landslip-ipf.toml").write_text(CONFIG)
    return {"S2_PRE": [files.pre], "S2_POST": [files.post], "AUX_DEM": [files.dem], "AUX_MSK": list(files.masks)}


def listed(name, entries, count=True):
    """A list of elements, which counts them in the Generic IPF."""
    number = f' count="{len(entries)}"' if count else ""
    return f"<{name}{number}>{''.join(entries)}</{name}>"


def element(name, text):
    """An element with a text."""
    return f"<{name}>{escape(str(text))}</{name}>"


def generic(inputs, outputs, *, parameters=None, tasks=("LANDSLIDE_MAP",), conf="", level="INFO", test="false"):
    """A job order of the Generic IPF.

    Args:
        inputs: paths by file type.
        outputs: kind of the name and name, by file type.
        parameters: processing parameters.
        tasks: names of the tasks, which take and make the same.
        conf: further elements of Ipf_Conf.
        level: level of the log.
        test: whether it is a test.
    """
    dynamic = "".join(
        f"<Processing_Parameter>{element('Name', name)}{element('Value', value)}</Processing_Parameter>"
        for name, value in (parameters or {}).items()
    )
    taken = [
        f"<Input>{element('File_Type', kind)}<File_Name_Type>Physical</File_Name_Type>"
        + listed("List_of_File_Names", [element("File_Name", path) for path in paths])
        + listed("List_of_Time_Intervals", [])
        + "</Input>"
        for kind, paths in inputs.items()
    ]
    made = [
        f"<Output>{element('File_Type', kind)}{element('File_Name_Type', how)}{element('File_Name', name)}</Output>"
        for kind, (how, name) in outputs.items()
    ]
    procs = [
        f"<Ipf_Proc>{element('Task_Name', task)}<Task_Version>01.00</Task_Version>"
        '<BreakPoint><List_of_Brk_Files count="0"/></BreakPoint>'
        + listed("List_of_Inputs", taken)
        + listed("List_of_Outputs", made)
        + "</Ipf_Proc>"
        for task in tasks
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Ipf_Job_Order><Ipf_Conf>'
        "<Processor_Name>LSL_PF</Processor_Name><Version>01.02</Version>"
        f"{element('Stdout_Log_Level', level)}{element('Stderr_Log_Level', level)}{element('Test', test)}"
        "<Breakpoint_Enable>false</Breakpoint_Enable><Processing_Station>TST</Processing_Station>"
        f"<Config_Files>{conf}</Config_Files>"
        "<Sensing_Time><Start>20240101_101112000000</Start><Stop>20240101_101512345678</Stop></Sensing_Time>"
        f"<Dynamic_Processing_Parameters>{dynamic}</Dynamic_Processing_Parameters></Ipf_Conf>"
        + listed("List_of_Ipf_Procs", procs)
        + "</Ipf_Job_Order>"
    )


def explorer(
    inputs, outputs, *, parameters=None, area="", cores="1", ram="0", disk="0", stdout=("INFO",), stderr=("ERROR",),
    cfg="", folder="", tasks=("LANDSLIDE_MAP",),
):  # fmt: skip
    """A job order of the Earth Explorers.

    Args:
        inputs: paths by file type.
        outputs: pattern of the name by file type.
        parameters: processing parameters.
        area: AOI as pairs of latitude and longitude.
        cores: Number_of_CPU_Cores.
        ram: Amount_of_RAM.
        disk: Disk_Space.
        stdout: levels for standard output.
        stderr: levels for standard error.
        cfg: a configuration file.
        folder: File_Dir.
        tasks: names of the tasks, which take and make the same.
    """
    taken = [
        f"<Input>{element('Input_ID', kind)}<Alternative_ID>1</Alternative_ID><List_of_Selected_Inputs><Selected_Input>"
        + element("File_Type", kind)
        + listed("List_of_File_Names", [element("File_Name", path) for path in paths], count=False)
        + "</Selected_Input></List_of_Selected_Inputs></Input>"
        for kind, paths in inputs.items()
    ]
    made = [
        f"<Output>{element('File_Type', kind)}{element('File_Name_Pattern', pattern)}{element('File_Dir', folder)}"
        "<Baseline>07</Baseline></Output>"
        for kind, pattern in outputs.items()
    ]
    given = [
        f"<Proc_Parameter>{element('Name', name)}{element('Value', value)}</Proc_Parameter>"
        for name, value in (parameters or {}).items()
    ]
    cfgs = [f"<Cfg_File><Cfg_ID>LSL</Cfg_ID>{element('Cfg_File_Name', cfg)}</Cfg_File>"] if cfg else []
    each = [
        f"<Task>{element('Task_Name', task)}<Task_Version>01.00</Task_Version>"
        f"{element('Number_of_CPU_Cores', cores)}{element('Amount_of_RAM', ram)}{element('Disk_Space', disk)}"
        + listed("List_of_Proc_Parameters", given, count=False)
        + listed("List_of_Cfg_Files", cfgs, count=False)
        + listed("List_of_Inputs", taken, count=False)
        + listed("List_of_Outputs", made, count=False)
        + "<List_of_Intermediate_Outputs/></Task>"
        for task in tasks
    ]
    aoi = f"<AOI>{element('Geometry', area)}</AOI>" if area else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Job_Order schemaName="JobOrder" schemaVersion="1.0">'
        "<Processor_Configuration><File_Class>TEST</File_Class><Processor_Name>LSL_PF</Processor_Name>"
        "<Processor_Version>01.02</Processor_Version><Processing_Node>node7</Processing_Node>"
        + listed("List_of_Stdout_Log_Levels", [element("Stdout_Log_Level", level) for level in stdout], count=False)
        + listed("List_of_Stderr_Log_Levels", [element("Stderr_Log_Level", level) for level in stderr], count=False)
        + "<Intermediate_Output_Enable>false</Intermediate_Output_Enable><Processing_Station>TST</Processing_Station>"
        "<Request><TOI><Start>2024-01-01T10:11:12.000000</Start><Stop>2024-01-01T10:15:12.345678</Stop></TOI>"
        + aoi
        + "</Request></Processor_Configuration>"
        + listed("List_of_Tasks", each, count=False)
        + "</Job_Order>"
    )


def write_order(folder, text, number="4711"):
    """An order under the name that management layers give it."""
    path = folder / f"JobOrder.{number}.xml"
    path.write_text(text, encoding="utf-8")
    return path
