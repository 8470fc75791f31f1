"""Job orders of both generations are read as what they say, and anything else is an error of the input."""

from __future__ import annotations

import contextlib
import tracemalloc
from datetime import datetime, timezone
from pathlib import Path

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.job_orders import explorer, generic, write_order
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.joborder.job_orders import order_id_of, read_job_order
from landslip.runtime.joborder.order_types import Generation

SCHEMAS = Path(__file__).parents[3] / "docs" / "examples" / "joborder"
INPUTS = {"S2_PRE": ["a.tif"], "S2_POST": ["/data/b.tif", "c d.tif"]}
RING = "45.0 8.0 45.0 8.5 45.5 8.5 45.0 8.0"


def read(folder, text, name="4711"):
    return read_job_order(write_order(folder, text, name))


def test_an_order_of_the_generic_ipf(tmp_path):
    text = generic(
        INPUTS, {"LSC": ("Physical", "/out/")}, parameters={"T": "0.5"}, conf="<Conf_File_Name>a.toml</Conf_File_Name>"
    )
    order = read(tmp_path, text)
    (task,) = order.tasks
    assert (order.order_id, order.generation) == ("4711", Generation.GENERIC_IPF)
    assert (order.processor, order.version, order.station, order.test) == ("LSL_PF", "01.02", "TST", False)
    assert order.stdout_levels == {"INFO", "PROGRESS", "WARNING", "ERROR"}
    assert order.span.start == datetime(2024, 1, 1, 10, 11, 12, tzinfo=timezone.utc)
    assert order.config_files == ("a.toml",)
    assert [file.name for each in task.inputs for file in each.files] == ["a.tif", "/data/b.tif", "c d.tif"]
    assert (task.outputs[0].folder, task.outputs[0].pattern) == ("/out/", "")
    assert task.parameters == {"T": "0.5"}


def test_an_order_of_the_earth_explorers(tmp_path):
    text = explorer(INPUTS, {"LSC": "LSL_*"}, parameters={"T": "0.5"}, area=RING, cores="2.5", ram="4000", disk="9000",
                    stdout=("ERROR", "DEBUG"), stderr=(), cfg="x.toml", folder="out")  # fmt: skip
    order = read(tmp_path, text)
    (task,) = order.tasks
    assert order.generation == Generation.EARTH_EXPLORER
    assert (order.node, order.file_class, order.test) == ("node7", "TEST", True)
    assert (order.stdout_levels, order.stderr_levels) == ({"ERROR", "DEBUG"}, set())
    assert order.areas == (((8.0, 45.0), (8.5, 45.0), (8.5, 45.5), (8.0, 45.0)),)
    assert (task.cores, task.memory_mb, task.disk_mb) == (2.5, 4000, 9000)
    assert task.config_files == ("x.toml",)
    assert [(each.input_id, each.file_type) for each in task.inputs] == [("S2_PRE", "S2_PRE"), ("S2_POST", "S2_POST")]
    assert (task.outputs[0].folder, task.outputs[0].pattern, task.outputs[0].baseline) == ("out", "LSL_*", "07")


VARIANTS = {
    "one level": lambda text: text.replace(
        "<Stdout_Log_Level>INFO</Stdout_Log_Level><Stderr_Log_Level>INFO</Stderr_Log_Level>",
        "<Logging_Level>INFO</Logging_Level>",
    ),
    "no breakpoints": lambda text: text.replace("<Breakpoint_Enable>false</Breakpoint_Enable>", "").replace(
        '<BreakPoint><List_of_Brk_Files count="0"/></BreakPoint>', ""
    ),
    "breakpoint": lambda text: text.replace("BreakPoint", "Breakpoint"),
    "counted parameters": lambda text: text.replace(
        "<Dynamic_Processing_Parameters>", '<List_of_Dynamic_Processing_Parameters count="1">'
    ).replace("</Dynamic_Processing_Parameters>", "</List_of_Dynamic_Processing_Parameters>").replace(
        "<Processing_Parameter>", "<Dynamic_Processing_Parameter>"
    ).replace("</Processing_Parameter>", "</Dynamic_Processing_Parameter>"),
    "no sensing time": lambda text: text.partition("<Sensing_Time>")[0] + text.partition("</Sensing_Time>")[2],
}  # fmt: skip


@pytest.mark.parametrize("kind", VARIANTS)
def test_variants_of_missions(tmp_path, kind):
    text = VARIANTS[kind](generic(INPUTS, {"LSC": ("Physical", "/out/")}, parameters={"T": "0.5"}))
    xmlschema.XMLSchema(SCHEMAS / "generic-ipf.xsd").validate(text.encode().decode())
    order = read(tmp_path, text)
    assert order.stdout_levels == {"INFO", "PROGRESS", "WARNING", "ERROR"}
    assert order.tasks[0].parameters == {"T": "0.5"}


def test_sample_orders_fit_their_schemas():
    generics = xmlschema.XMLSchema(SCHEMAS / "generic-ipf.xsd")
    explorers = xmlschema.XMLSchema(SCHEMAS / "earth-explorer.xsd")
    generics.validate(generic(INPUTS, {"LSC": ("Regexp", "/out/.*")}, parameters={"T": "1"}, tasks=("A", "B")))
    explorers.validate(explorer(INPUTS, {"LSC": "LSL_*"}, area=RING, ram="4000", cfg="x.toml", tasks=("A", "B")))
    assert not generics.is_valid(explorer(INPUTS, {"LSC": "LSL_*"}))
    assert not explorers.is_valid(explorer(INPUTS, {}))


def test_a_namespace_is_no_matter(tmp_path):
    text = explorer(INPUTS, {"LSC": "LSL_*"}).replace("<Job_Order ", '<Job_Order xmlns="http://eop-cfi.esa.int/CFI" ')
    assert read(tmp_path, text).tasks[0].name == "LANDSLIDE_MAP"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("JobOrder.4711.xml", "4711"), ("JobOrder_A-1.XML", "A-1"), ("order.xml", "order"), ("JobOrder.xml", "JobOrder")],
)
def test_the_identifier_is_in_the_name(name, expected):
    assert order_id_of(Path("/work") / name) == expected


GOOD = generic(INPUTS, {"LSC": ("Physical", "/out/")})
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><Ipf_Job_Order>&j;</Ipf_Job_Order>"
)
FOREIGN = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><Ipf_Job_Order/>'
ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Ipf_Job_Order>&e;</Ipf_Job_Order>'

WRONG = {
    "nothing": (b"", "no element found"),
    "no XML": (b"\x00\x01\x02", "not a job order"),
    "a bomb": (BOMB.encode(), "document type"),
    "an external subset": (FOREIGN.encode(), "document type"),
    "an external entity": (ENTITY.encode(), "document type"),
    "an entity that is not defined": (b"<Ipf_Job_Order>&e;</Ipf_Job_Order>", "undefined entity"),
    "two roots": ((GOOD + "<Ipf_Job_Order/>").encode(), "junk after document element"),
    "another root": (b"<Order/>", "its root is Order"),
    "an encoding that is not its own": (GOOD.replace("TST", "Zürich").encode("latin-1"), "not well-formed"),
    "an unknown encoding": (GOOD.replace("UTF-8", "x-none").encode(), "unknown encoding"),
    "depth": (b"<a>" * 100 + b"</a>" * 100, "levels deep"),
    "no configuration": (b"<Ipf_Job_Order/>", "has no Ipf_Conf"),
    "no task": (GOOD.replace("Ipf_Proc>", "Other>").replace('procs count="1"', "procs").encode(), "holds 0 Ipf_Proc"),
    "an empty list of tasks": (explorer({}, {}, tasks=()).encode(), "has no task"),
    "a wrong count": (GOOD.replace('count="2"', 'count="3"').encode(), "holds 2 Input"),
    "a level": (GOOD.replace("<Stdout_Log_Level>INFO", "<Stdout_Log_Level>LOUD").encode(), "'LOUD'"),
    "a switch": (GOOD.replace("<Test>false", "<Test>perhaps").encode(), "'perhaps'"),
    "a kind of name": (GOOD.replace(">Physical<", ">Magical<").encode(), "'Magical'"),
    "a time": (GOOD.replace("20240101_101112000000", "yesterday").encode(), "'yesterday'"),
    "a span": (GOOD.replace("20240101_101112000000", "20250101_101112000000").encode(), "ends before it begins"),
    "an element twice": (GOOD.replace("<Test>", "<Test>false</Test><Test>").encode(), "2 elements Test"),
    "a parameter twice": (
        explorer(INPUTS, {"L": "*"}, parameters={"T": "1"}).replace(
            "<List_of_Proc_Parameters>",
            "<List_of_Proc_Parameters><Proc_Parameter><Name>T</Name><Value>2</Value></Proc_Parameter>",
        ).encode(),
        "'T' again",
    ),
    "memory": (explorer(INPUTS, {"L": "*"}, ram="much").encode(), "'much'"),
    "cores": (explorer(INPUTS, {"L": "*"}, cores="-1").encode(), "'-1'"),
    "no number": (explorer(INPUTS, {"L": "*"}, cores="nan").encode(), "'nan'"),
    "an open ring": (explorer(INPUTS, {"L": "*"}, area="45 8 46 8 46 9 45 9").encode(), "the first one again"),
    "half a corner": (explorer(INPUTS, {"L": "*"}, area="45 8 46 8 46 9 45 8 1").encode(), "the first one again"),
    "a corner off the globe": (explorer(INPUTS, {"L": "*"}, area="95 8 46 8 46 9 95 8").encode(), "three corners"),
    "a long value": (GOOD.replace("TST", "x" * 5000).encode(), "up to 4096"),
    "two lines": (GOOD.replace("TST", "a&#10;b").encode(), "on one line"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_order_is_said_in_a_sentence(tmp_path, kind):
    content, words = WRONG[kind]
    path = tmp_path / "JobOrder.1.xml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_job_order(path)
    assert words in str(caught.value)
    assert str(path) == caught.value.where
    assert str(caught.value).isprintable()


def test_other_encodings_are_read(tmp_path):
    for encoding in ("utf-16", "iso-8859-1"):
        path = tmp_path / "JobOrder.1.xml"
        path.write_bytes(GOOD.replace("UTF-8", encoding).replace("TST", "Zürich").encode(encoding))
        assert read_job_order(path).station == "Zürich"


def test_a_hundred_megabytes_are_not_read(tmp_path):
    path = tmp_path / "JobOrder.1.xml"
    with path.open("wb") as stream:
        stream.write(b"<Ipf_Job_Order>")
        stream.truncate(100 << 20)
    tracemalloc.start()
    with pytest.raises(InputError, match="larger than 16 MB"):
        read_job_order(path)
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()


def test_no_file(tmp_path):
    with pytest.raises(InputMissingError):
        read_job_order(tmp_path / "none.xml")
    with pytest.raises(InputError):
        read_job_order(tmp_path)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_becomes_of_an_order_it_is_read_or_refused(tmp_path, data):
    content = bytearray(data.draw(st.sampled_from([GOOD, explorer(INPUTS, {"L": "*"}, area=RING)])).encode())
    for _ in range(data.draw(st.integers(0, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=8))
    path = tmp_path / "JobOrder.1.xml"
    path.write_bytes(bytes(content))
    with contextlib.suppress(InputError):
        assert read_job_order(path).tasks
