"""Energy is read as each kind of machine tells it, and where none does, that is said."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import pytest

from landslip.benchmarks.measuring.energy import Unavailable, open_meter
from landslip.benchmarks.measuring.ina import Ina
from landslip.runtime.errors import LandslipError

RANGE = 262_143_328_850
"""Microjoules after which the counter of an Intel package begins anew."""


@pytest.fixture(autouse=True)
def every_gpu_is_shown(monkeypatch):
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        monkeypatch.delenv(name, raising=False)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")
    return path


def package(root, number, microjoules, name=None):
    folder = root / "class" / "powercap" / f"intel-rapl:{number}"
    write(folder / "name", name or f"package-{number}")
    write(folder / "max_energy_range_uj", RANGE)
    return write(folder / "energy_uj", microjoules)


def test_packages_are_summed_without_their_parts_and_the_platform(tmp_path):
    first, second = package(tmp_path, 0, 5_000_000), package(tmp_path, 1, 0)
    part, whole = package(tmp_path, "0:0", 7, "core"), package(tmp_path, 2, 9, "psys")
    with open_meter(root=tmp_path) as meter:
        assert meter.joules() == 0
        for file, microjoules in ((first, 7_500_000), (second, 250_000), (part, 10**9), (whole, 10**9)):
            write(file, microjoules)
        assert meter.joules() == pytest.approx(2.75)
        assert "2 CPU packages" in meter.source


def test_a_counter_that_begins_anew_goes_on(tmp_path):
    counter = package(tmp_path, 0, RANGE - 999_999)
    with open_meter(root=tmp_path) as meter:
        write(counter, 500_000)
        assert meter.joules() == pytest.approx(1.5)
        write(counter, 800_000)
        assert meter.joules() == pytest.approx(1.8)


def test_a_counter_that_only_root_may_read_is_told(tmp_path, monkeypatch):
    counter = package(tmp_path, 0, 1)
    # Root, who runs tests in containers, may read everything.
    plain = type(counter).read_text

    def refusing(path, *args, **kwargs):
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path, *args, **kwargs)

    monkeypatch.setattr(type(counter), "read_text", refusing)
    found = open_meter(root=tmp_path)
    assert isinstance(found, Unavailable)
    assert f"by root alone: sudo chmod a+r {counter}" in found.reason


def test_a_counter_that_vanishes_is_an_error(tmp_path):
    counter = package(tmp_path, 0, 1)
    with open_meter(root=tmp_path) as meter:
        counter.unlink()
        with pytest.raises(LandslipError, match="any more"):
            meter.joules()


def rail(root, channel, name, millivolts, milliamperes, device="1-0040"):
    folder = root / "bus" / "i2c" / "drivers" / "ina3221" / device / "hwmon" / "hwmon3"
    write(folder / f"in{channel}_label", name)
    write(folder / f"in{channel}_input", millivolts)
    if milliamperes is not None:
        write(folder / f"curr{channel}_input", milliamperes)


def counts(meter, watts):
    """Whether it counts that power for a while, however long the machine takes for the readings themselves."""
    began, before, since = time.monotonic(), meter.joules(), time.monotonic()
    time.sleep(0.2)
    until, after, ended = time.monotonic(), meter.joules(), time.monotonic()
    return watts * (until - since) <= (after - before) * (1 + 1e-9) and after - before <= watts * (ended - began) * (
        1 + 1e-9
    )


def test_the_rail_of_the_whole_module_counts_alone(tmp_path):
    rail(tmp_path, 1, "VDD_IN", 5000, 3000)
    rail(tmp_path, 2, "VDD_CPU_GPU_CV", 5000, 1000)
    rail(tmp_path, 7, "sum of shunt voltages", 100, None)
    with open_meter("cuda", tmp_path) as meter:
        assert "VDD_IN," in meter.source
        assert counts(meter, 15.0)


def test_rails_are_summed_where_none_feeds_the_whole_module(tmp_path):
    rail(tmp_path, 1, "VDD_GPU_SOC", 12000, 1000)
    rail(tmp_path, 1, "VIN_SYS_5V0", 5000, 600, device="1-0041")
    with open_meter(root=tmp_path) as meter:
        assert counts(meter, 15.0)


def test_power_in_milliwatts_of_older_boards(tmp_path):
    folder = tmp_path / "bus" / "i2c" / "drivers" / "ina3221x" / "6-0040" / "iio:device0"
    write(folder / "rail_name_0", "POM_5V_IN")
    write(folder / "in_power0_input", 2500)
    with open_meter(root=tmp_path) as meter:
        assert counts(meter, 2.5)


def test_power_is_integrated_between_readings_too():
    began, readings = time.monotonic(), iter([0.0, *[10.0] * 100_000])
    with Ina({"board": lambda: next(readings)}, period=0.02) as meter:
        time.sleep(0.1)
        first = meter.joules()
        # Up from nothing, so it is less than full power since the beginning.
        assert 0 < first < 10 * (time.monotonic() - began)
        time.sleep(0.1)
        assert meter.joules() - first >= 0.999


def test_a_monitor_that_fails_in_between_is_an_error():
    def broken():
        raise OSError("unplugged")

    readings = [lambda: 1.0, broken]
    with Ina({"board": lambda: readings.pop(0)() if readings else broken()}, period=0.01) as meter:
        time.sleep(0.05)
        with pytest.raises(LandslipError, match="unplugged"):
            meter.joules()


def test_a_machine_that_tells_nothing_is_told(tmp_path):
    found = open_meter(root=tmp_path)
    assert isinstance(found, Unavailable)
    assert "no INA3221" in found.reason
    assert "no RAPL" in found.reason


class NvmlError(Exception):
    """As pynvml has it."""


def nvml(**functions):
    """NVIDIA's module as it behaves, told by its documentation."""
    calls = []
    module = SimpleNamespace(
        NVMLError=NvmlError, nvmlInit=lambda: None, nvmlShutdown=lambda: calls.append("shutdown"), calls=calls,
        nvmlDeviceGetCount=lambda: 1, nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda _: "H200", nvmlDeviceGetUUID=lambda gpu: f"GPU-{gpu}000-{gpu}",
    )  # fmt: skip
    vars(module).update(functions)
    return module


def test_millijoules_of_the_gpu(tmp_path, monkeypatch):
    counter = iter([1_000_000, 1_002_500])
    module = nvml(nvmlDeviceGetTotalEnergyConsumption=lambda _: next(counter))
    monkeypatch.setitem(sys.modules, "pynvml", module)
    with open_meter("cuda", tmp_path) as meter:
        assert meter.joules() == 2.5
    assert module.calls == ["shutdown"]


def opened(tmp_path, monkeypatch, shown, order=None, **functions):
    """The meter on a machine with three GPUs, of which each uses as many joules as its number on the bus says."""
    readings = {gpu: iter([0, 1000 * gpu]) for gpu in range(3)}
    module = nvml(
        nvmlDeviceGetCount=lambda: 3, nvmlDeviceGetTotalEnergyConsumption=lambda gpu: next(readings[gpu]), **functions
    )
    monkeypatch.setitem(sys.modules, "pynvml", module)
    for name, value in (("CUDA_VISIBLE_DEVICES", shown), ("CUDA_DEVICE_ORDER", order)):
        if value is not None:
            monkeypatch.setenv(name, value)
    return open_meter("cuda", tmp_path)


def unlike(gpu):
    return f"model {gpu}"


@pytest.mark.parametrize(
    ("shown", "order", "name", "joules"),
    [
        (None, None, None, 0),
        ("2,0", None, None, 2),
        ("1", "PCI_BUS_ID", unlike, 1),
        ("GPU-2000-2", None, unlike, 2),
        ("GPU-1,GPU-2", None, unlike, 1),
    ],
)
def test_the_gpu_that_cuda_shows_first_is_measured(tmp_path, monkeypatch, shown, order, name, joules):
    names = {} if name is None else {"nvmlDeviceGetName": name}
    with opened(tmp_path, monkeypatch, shown, order, **names) as meter:
        assert meter.joules() == joules


@pytest.mark.parametrize("shown", [None, "1", "3", "", "-1", "GPU-", "GPU-7", "MIG-1"])
def test_a_gpu_that_cannot_be_told_from_others_is_not_measured(tmp_path, monkeypatch, shown):
    found = opened(tmp_path, monkeypatch, shown, nvmlDeviceGetName=unlike)
    assert isinstance(found, Unavailable)
    assert "CUDA_DEVICE_ORDER=PCI_BUS_ID" in found.reason
    assert sys.modules["pynvml"].calls == ["shutdown"]


def test_a_gpu_that_does_not_count_is_told(tmp_path, monkeypatch):
    def unsupported(handle):
        raise NvmlError("Not Supported")

    module = nvml(nvmlDeviceGetTotalEnergyConsumption=unsupported)
    monkeypatch.setitem(sys.modules, "pynvml", module)
    found = open_meter("cuda", tmp_path)
    assert isinstance(found, Unavailable)
    assert "does not count its energy (Not Supported)" in found.reason
    assert module.calls == ["shutdown"]


@pytest.mark.parametrize("package", [None, "pynvml"])
def test_a_gpu_without_package_or_driver_is_told(tmp_path, monkeypatch, package):
    def no_driver():
        raise NvmlError("Driver Not Loaded")

    monkeypatch.setitem(sys.modules, "pynvml", package and nvml(nvmlInit=no_driver))
    found = open_meter("cuda", tmp_path)
    assert isinstance(found, Unavailable)
    assert ("Driver Not Loaded" if package else "pip install nvidia-ml-py") in found.reason
