#!/usr/bin/env bash
# make test-arm: runs landslip on aarch64, the architecture of a Jetson, under emulation (qemu-user-static), in a Debian
# of its own below build/arm64, and compares its map with one of this machine. It may install three packages with apt;
# all mounts lie in a mount namespace of their own, which ends with the last process in it, however that ends.
#
# Ends with 0 where all passed, 1 where something failed, 77 where this machine cannot do it (no apt, no root, …).
# ARM_TESTS=FOLDERS runs other tests than those below, ARM_TESTS=none only the demo. ARM_CPU=max emulates a newer CPU.
# ARM_MIRROR=URL takes Debian from there; otherwise it comes from where this machine's apt gets it.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/tools/arm
place=$PWD/build/arm64
python=$PWD/.venv/bin/python

# Rooms where processors could differ: arithmetic, alignment, compiled kernels, threads, files, the engine. Limits of
# memory and crashes of a process are left out: there they are those of the emulator, which says of each what it thinks.
tests=${ARM_TESTS:-tests/runtime/geo tests/runtime/tiling tests/runtime/terrain tests/runtime/imagery tests/runtime/products
    tests/runtime/untrusted tests/runtime/compiled tests/runtime/system tests/runtime/artifacts
    tests/runtime/engines/test_onnx_runtime.py tests/runtime/engines/test_class_engines.py
    tests/runtime/engines/test_workers.py tests/runtime/engines/test_opening.py
    tests/runtime/mapping/test_pipeline.py tests/runtime/mapping/test_maps_of_classes.py tests/runtime/run/test_resume.py
    --ignore=tests/runtime/system/test_endings.py --ignore=tests/runtime/system/test_supervisor.py}
cpu=${ARM_CPU:-cortex-a76} # nearest to the Cortex-A78AE of an Orin that qemu 7 has
suite=bookworm             # its Python, 3.11, is one that constraints.txt pins for
packages=python3           # pip is run from its wheel: python3-venv brings certificates, minutes of work under emulation

cannot() {
    echo "test-arm: $1" >&2
    exit 77
}

step() { echo "[$((SECONDS / 60)) min] $1"; }

[ "$(uname -s)" = Linux ] || cannot "emulation of ARM needs Linux."
[ "$(uname -m)" != aarch64 ] || cannot "this machine is an ARM already: run make demo and make test-quick."

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
"${as_root[@]}" true 2>/dev/null || cannot "it has to mount file systems, and so needs root: run it as root, or allow sudo without a password."

wanted=()
[ -e /usr/lib/binfmt.d/qemu-aarch64.conf ] && [ -x /usr/bin/qemu-aarch64-static ] || wanted+=(qemu-user-static)
command -v debootstrap >/dev/null || [ -x /usr/sbin/debootstrap ] || wanted+=(debootstrap)
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || wanted+=(debian-archive-keyring)
if [ ${#wanted[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || cannot "these are missing, and apt is not at hand to install them: ${wanted[*]}."
    step "installing ${wanted[*]} with apt"
    export DEBIAN_FRONTEND=noninteractive
    timeout 300 "${as_root[@]}" apt-get update -qq || true
    timeout 600 "${as_root[@]}" apt-get install -qq -y --no-install-recommends "${wanted[@]}" >/dev/null ||
        cannot "apt cannot install them here: ${wanted[*]}."
fi

failed=0
mkdir -p "$place/wheels"
exec 9>"$place/lock"
flock -n 9 || { echo "test-arm: it runs already in this clone." >&2; exit 1; }

step "wheels for aarch64"
printf '%s\n' onnx pip pytest pytest-xdist hypothesis jsonschema pyproj pyyaml prometheus-client xmlschema >"$place/tests.in"
# Resolved for the other machine first: pip would read conditions such as python_version with those of this one.
"$python" -m uv pip compile -q --python-platform aarch64-manylinux_2_28 --python-version 3.11 --no-header --no-annotate \
    -c constraints.txt --extra cpu pyproject.toml "$place/tests.in" -o "$place/requirements.txt"
"$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux_2_17_aarch64 \
    -r "$place/requirements.txt" -d "$place/wheels"
for version in 3.10 3.12 3.13; do # of JetPack 6 and 7, and of Debian 13
    "$python" -m uv pip compile -q --python-platform aarch64-manylinux_2_35 --python-version $version --only-binary :all: \
        --extra cpu --extra openvino pyproject.toml >/dev/null || { echo "Not all dependencies have wheels for Python $version on aarch64." && failed=1; }
done
rm -rf "$place/source" "$place"/wheels/landslip-*.whl
mkdir "$place/source" # a copy: setuptools leaves its build folder beside the sources
tar -c --exclude=./build --exclude='./.*' --exclude='*.egg-info' --exclude=__pycache__ . | tar -x -C "$place/source"
"$python" -m pip wheel -q --disable-pip-version-check --no-deps -w "$place/wheels" "$place/source"
rm -rf "$place/source"

step "the map of this machine, $(uname -m)"
"$python" -m landslip -q demo "$place/this-machine" --size-km 2 --overwrite

mirror=${ARM_MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(CODENAME)' 'Identifier: Packages' 2>/dev/null |
    awk '$2 == "Debian" && $3 !~ /-/ {print $1; exit}')}
proxy=$(apt-config dump --format '%v' Acquire::http::Proxy 2>/dev/null || true)
step "an ARM system, emulated as $cpu"
# --kill-child: what is left there ends with it, and with the last process all its mounts.
"${as_root[@]}" env http_proxy="${http_proxy:-$proxy}" SUITE=$suite PACKAGES=$packages MIRROR="${mirror:-http://deb.debian.org/debian}" \
    QEMU_CPU="$cpu" TESTS="$tests" OWNER="$(id -u)" RUN=$$ CLONE="$PWD" PYTEST="${PYTEST:-}" \
    unshare --mount --pid --fork --kill-child "$here/as_root.sh" "$place" || status=$?
[ "${status:-0}" -le 1 ] || exit "$status"
[ "${status:-0}" -eq 0 ] || failed=1

step "comparing the maps"
"$python" "$here/compare_maps.py" "$place/this-machine" "$place/root/out/demo" || failed=1
if [ $failed -eq 0 ]; then step "all passed"; else step "FAILED"; fi
exit $failed
