#!/usr/bin/env bash
# The part of test_arm.sh that needs root, in namespaces of its own for mounts and processes: makes the ARM system once,
# mounts the clone into it, read only, and runs inside.sh there as an ordinary user.
set -euo pipefail
place=$1
root=$place/root
binfmt=/proc/sys/fs/binfmt_misc

mount --make-rprivate /
mountpoint -q $binfmt || mount -t binfmt_misc binfmt_misc $binfmt || {
    echo "test-arm: this kernel does not let programs of another architecture run (binfmt_misc)." >&2
    exit 77
}

# What runs that were killed have left; those of other clones that are under way stay.
for left in "$binfmt"/landslip-arm64-*; do
    [ ! -e "$left" ] || [ -d "/proc/${left##*-}" ] || echo -1 >"$left"
done
mount -t proc proc /proc
mount -t binfmt_misc binfmt_misc $binfmt

# Registered for the time of this run where nobody has; F keeps the emulator open, so that the other root needs no copy.
name=landslip-arm64-$RUN
ends() { [ ! -e "$binfmt/$name" ] || echo -1 >"$binfmt/$name"; }
trap ends EXIT
trap 'exit 1' HUP INT TERM
if ! grep -lqs '^enabled' "$binfmt"/qemu-aarch64; then
    sed "s/^:qemu-aarch64:/:$name:/" /usr/lib/binfmt.d/qemu-aarch64.conf >"$binfmt/register"
fi

if [ "$(cat "$root/made-as" 2>/dev/null)" != "$SUITE $PACKAGES" ]; then
    rm -rf "$root" "$root.draft"
    debootstrap --arch=arm64 --variant=minbase --include="$PACKAGES" --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
        "$SUITE" "$root.draft" "$MIRROR" >"$place/debootstrap.log" || {
        tail -5 "$place/debootstrap.log" >&2
        echo "test-arm: no ARM system could be made from $MIRROR: see $place/debootstrap.log" >&2
        exit 77
    }
    rm -rf "$root.draft"/var/cache/apt/archives/*.deb
    echo '127.0.0.1 localhost' >"$root.draft/etc/hosts"
    echo "$SUITE $PACKAGES" >"$root.draft/made-as"
    mv "$root.draft" "$root"
fi

user=$((OWNER == 0 ? 1000 : OWNER)) # tests of what may not be read or written need a user who may not all
mkdir -p "$root"/{landslip,wheels,out,home,venv}
rm -rf "$root"/out/* "$root"/tmp/*
chown "$user" "$root"/{out,home,venv}
chmod 1777 "$root/tmp"
mount --bind "$CLONE" "$root/landslip" && mount -o remount,bind,ro "$root/landslip"
mount --bind "$place/wheels" "$root/wheels" && mount -o remount,bind,ro "$root/wheels"
mount -t proc proc "$root/proc"
mount --bind /sys "$root/sys" && mount -o remount,bind,ro "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"

# The emulator leaves this machine's own text about its processor in place: here stands that of an Orin.
for core in $(seq 0 $(($(nproc) - 1))); do
    printf 'processor\t: %s\nBogoMIPS\t: 62.50\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd42\nCPU revision\t: 1\n\n' "$core"
done >"$place/cpuinfo"
mount --bind "$place/cpuinfo" "$root/proc/cpuinfo"

cp "$place/requirements.txt" "$root/requirements.txt"
status=0
chroot --userspec="$user:$user" "$root" /usr/bin/env -i PATH=/venv/bin:/usr/bin:/bin HOME=/home LANG=C.UTF-8 QEMU_CPU="$QEMU_CPU" \
    TESTS="$TESTS" PYTEST="$PYTEST" bash /landslip/tools/arm/inside.sh || status=1
exit $status
