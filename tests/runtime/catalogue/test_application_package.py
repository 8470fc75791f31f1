"""The application package: what the best practice asks for, and only options that the command has."""

from __future__ import annotations

import pytest
import yaml

from landslip.runtime.catalogue.application_package import INPUTS, application_package, write_package
from landslip.runtime.cli.flags import flag_of
from landslip.runtime.cli.main import run
from landslip.runtime.cli.map import map_command
from landslip.runtime.errors import UsageError
from landslip.runtime.system.versions import landslip_version


@pytest.fixture
def package():
    return yaml.safe_load(application_package(flag_of))


def of_class(package, kind):
    (found,) = [each for each in package["$graph"] if each["class"] == kind]
    return found


def test_it_is_the_package_of_this_version(package):
    assert package["cwlVersion"] == "v1.2"
    assert package["s:softwareVersion"] == landslip_version()
    assert package["$namespaces"] == {"s": "https://schema.org/"}
    assert application_package(flag_of) == application_package(flag_of)


def test_every_input_says_what_it_is(package):
    workflow = of_class(package, "Workflow")
    assert {"id", "label", "doc"} <= workflow.keys()
    for entry in workflow["inputs"].values():
        assert {"label", "doc", "type"} <= entry.keys()
        assert entry["label"]
        assert entry["doc"].endswith(".")
    assert list(workflow["inputs"]) == [each.id for each in INPUTS]
    assert workflow["inputs"]["scene"]["type"] == "Directory"


def test_the_tool_takes_what_the_workflow_passes(package):
    workflow, tool = of_class(package, "Workflow"), of_class(package, "CommandLineTool")
    (step,) = workflow["steps"].values()
    assert step["run"] == f"#{tool['id']}"
    assert step["in"] == {name: name for name in workflow["inputs"]}
    types = {name: entry["type"] for name, entry in workflow["inputs"].items()}
    assert {name: entry["type"] for name, entry in tool["inputs"].items()} == types
    assert tool["outputs"]["map"] == {"type": "Directory", "outputBinding": {"glob": "."}}


def test_options_are_those_of_the_command(package):
    tool = of_class(package, "CommandLineTool")
    known = {name for parameter in map_command.params for name in parameter.opts}
    used = [entry["inputBinding"]["prefix"] for entry in tool["inputs"].values()]
    used += [word for word in tool["arguments"] if word.startswith("-")]
    assert set(used) <= known
    required = [set(parameter.opts) for parameter in map_command.params if parameter.required]
    assert all(names & set(used) for names in required)
    flags = {
        name for parameter in map_command.params if getattr(parameter, "is_flag", False) for name in parameter.opts
    }
    for name, entry in tool["inputs"].items():
        assert (entry["type"] == "boolean?") == (entry["inputBinding"]["prefix"] in flags), name


def test_a_container_is_a_hint_and_caches_have_a_folder(package):
    tool = of_class(package, "CommandLineTool")
    assert tool["hints"] == {"DockerRequirement": {"dockerPull": f"landslip:{landslip_version()}"}}
    assert "DockerRequirement" not in tool["requirements"]
    folders = tool["requirements"]["EnvVarRequirement"]["envDef"]
    assert folders["NUMBA_CACHE_DIR"].startswith("$(runtime.tmpdir)/")


@pytest.mark.parametrize("image", ["registry.example/landslip:1.0", "landslip@sha256:ab", "a"])
def test_another_image(image):
    hints = of_class(yaml.safe_load(application_package(flag_of, image)), "CommandLineTool")["hints"]
    assert hints["DockerRequirement"]["dockerPull"] == image


@pytest.mark.parametrize("image", ["", "a b", 'a"', "a\nb: c", "{x}", "-a", "x" * 300, "\u202e"])
def test_what_is_no_image_is_refused(image):
    with pytest.raises(UsageError, match="is no name of a container image") as caught:
        application_package(flag_of, image)
    assert caught.value.option == "image"
    assert str(caught.value).isprintable()


def test_a_file_is_written_once(tmp_path):
    path = tmp_path / "landslip.cwl"
    write_package(path, flag_of)
    assert path.read_text() == application_package(flag_of)
    with pytest.raises(UsageError, match="is there already"):
        write_package(path, flag_of)
    write_package(path, flag_of, "other:1", overwrite=True)
    assert path.read_text() == application_package(flag_of, "other:1")
    assert list(tmp_path.iterdir()) == [path]


def test_the_command(tmp_path, capsys):
    assert run(["package"]) == 0
    assert capsys.readouterr().out == application_package(flag_of)
    path = tmp_path / "landslip.cwl"
    assert run(["package", "-o", str(path), "--image", "other:1"]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_text() == application_package(flag_of, "other:1")
    assert run(["package", "-o", str(path)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run(["package", "-o", str(tmp_path / "no" / "x.cwl")]) == 1
    assert run(["package", "--image", "a b"]) == 2
