#!/usr/bin/env bash
# Builds the container image landslip:VERSION of packaging/docker/Dockerfile, or of the variant that is named (cuda, jetson):
#   tools/build_image.sh [cuda|jetson]
# With docker, podman or buildah, whichever is there. LANDSLIP_BASE=debootstrap makes the base of Debian's own packages,
# where no registry of images can be reached; that needs buildah, debootstrap and root.
set -euo pipefail
cd "$(dirname "$0")/.."

variant=${1:-}
file=packaging/docker/Dockerfile${variant:+.$variant}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
image=landslip:$version${variant:+-$variant}
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision")

base_of_packages() { # Debian's packages as an image, of the release that the Dockerfile names
    local release folder container
    release=$(sed -n 's/^ARG BASE=.*debian:\([a-z]*\)-slim$/\1/p' "$file")
    base=localhost/debian:$release-slim
    if buildah images --quiet "$base" >/dev/null 2>&1; then return; fi
    folder=$(mktemp -d)
    debootstrap --variant=minbase "$release" "$folder/root" >/dev/null
    rm -rf "$folder/root/var/cache/apt/archives/"*.deb "$folder/root/var/lib/apt/lists/"*
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$folder/root" / >/dev/null
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd bash "$container"
    buildah commit --quiet --rm "$container" "$base" >/dev/null
    rm -rf "$folder"
}

# How pip reaches its packages from this machine is no part of the image: it is told as secrets of the build.
secrets=$(mktemp -d)
trap 'rm -rf "$secrets"' EXIT
certificates=${PIP_CERT:-$(python3 -m pip config get global.cert 2>/dev/null || true)}
index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}
{
    echo '[global]'
    [ -z "$index" ] || echo "index-url = $index"
    [ -z "$certificates" ] || echo 'cert = /run/secrets/ca.crt'
} >"$secrets/pip.conf"
arguments+=(--secret "id=pip.conf,src=$secrets/pip.conf")
[ -z "$certificates" ] || arguments+=(--secret "id=ca.crt,src=$certificates")

if [ "${LANDSLIP_BASE:-}" = debootstrap ]; then
    base_of_packages
    builder=(buildah build --isolation chroot --pull-never --build-arg "BASE=$base")
elif docker info >/dev/null 2>&1; then
    builder=(docker build)
elif command -v podman >/dev/null; then
    builder=(podman build)
elif command -v buildah >/dev/null; then
    builder=(buildah build)
else
    echo "No image is built: docker, podman or buildah is needed, and none is there." >&2
    exit 1
fi
"${builder[@]}" "${arguments[@]}" -f "$file" -t "$image" .
echo "$image"
