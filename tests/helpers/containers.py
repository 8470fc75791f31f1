"""Containers of the image that this checkout makes, where Debian's buildah, podman and debootstrap are at hand."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from helpers.pages import ROOT
from landslip.runtime.catalogue.application_package import IMAGE
from landslip.runtime.system.versions import landslip_version

TMP = "/tmp"  # noqa: S108 - of the container

BUILDERS = ("buildah", "podman", "runc", "debootstrap")


def lacking() -> str:
    """Reason why no image can be built and run here; empty where it can."""
    missing = [name for name in BUILDERS if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed (make test-apps)"
    return "" if os.geteuid() == 0 else "debootstrap needs root"


def build(folder: Path) -> None:
    """Build the image with the script, on a base of Debian's packages; its log is kept in a folder."""
    earlier = _image()
    with (folder / "log.txt").open("wb") as log:
        subprocess.run(
            [ROOT / "tools" / "build_image.sh"], check=True, stdout=log, stderr=log,
            env=os.environ | {"LANDSLIP_BASE": "debootstrap"},
        )  # fmt: skip
    if earlier and earlier != _image():  # a gigabyte, which has lost its name
        subprocess.run(["buildah", "rmi", earlier], check=False, capture_output=True)


def _image() -> str:
    named = IMAGE.replace("{version}", landslip_version())
    found = subprocess.run(["buildah", "images", "--quiet", named], check=False, capture_output=True, text=True)
    return found.stdout.strip()


def settings(folder: Path) -> Path:
    """Settings of podman: limits that it may set inside of a container too, and a runtime for any cgroups."""
    files, processes = (
        4096 if (most := resource.getrlimit(each)[1]) < 0 else most
        for each in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC)
    )
    limits = [f"{name}={min(most, 4096)}:{min(most, 4096)}" for name, most in (("nofile", files), ("nproc", processes))]
    path = folder / "containers.conf"
    path.write_text(
        f'[containers]\ndefault_ulimits = {limits!r}\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n'
    )
    return path


@dataclass(frozen=True)
class Containers:
    """The image, and how commands are run in it: without network, and nothing can be written but what is said."""

    image: str
    """Its name."""
    environment: dict[str, str]
    """Environment in which podman finds its settings."""

    def run(self, command: list[str], *options: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a new container as its user, on a root that cannot be written."""
        return subprocess.run(
            ["podman", "run", "--rm", "--read-only", "--tmpfs", TMP, "--network", "none", "--cap-drop", "all",
             "--security-opt", "no-new-privileges", *options, self.image, *command],
            capture_output=True, text=True, check=False, env=self.environment,
        )  # fmt: skip
