#!/usr/bin/env bash
# Installs the applications that tests/apps open products with, where apt is at hand and may be used. Elsewhere it says
# what is missing, and those tests are skipped.
set -u

wanted=()
/usr/bin/python3 -I -c 'import qgis.core' 2>/dev/null || wanted+=(python3-qgis qgis-providers)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || wanted+=(chromium)
# PyPI's PyTorch for Linux brings 4 GB of CUDA along; that of Debian is for the CPU, 50 MB, and has a Python of its own.
.venv/bin/python -I -c 'import torch' 2>/dev/null || /usr/bin/python3 -I -c 'import torch' 2>/dev/null || wanted+=(python3-torch)
# What builds and runs the container image without a daemon, on a base made of Debian's own packages.
for builder in buildah podman runc debootstrap; do
    command -v "$builder" >/dev/null || wanted+=("$builder")
done
[ ${#wanted[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    echo "Not installed, as apt is not at hand or may not be used: ${wanted[*]}. Tests that need them are skipped."
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
timeout 120 "${as_root[@]}" apt-get update -qq || true
for package in "${wanted[@]}"; do # one by one: a system may have some of them
    timeout 600 "${as_root[@]}" apt-get install -qq -y --no-install-recommends "$package" >/dev/null ||
        echo "apt cannot install $package here: tests that need it are skipped."
done
