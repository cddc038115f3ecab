#!/bin/sh
# Run a command in a podman container that sees the course and Python of this machine, and nothing else of it.
#
#     PACKAGES=python3 OPTIONS="--network none" sh tests/support/container.sh FOLDER COMMAND...
#
# FOLDER keeps a small Debian with PACKAGES, made by debootstrap from this machine's own sources, the first time in a
# minute or two. python3 among them is not used, but brings the libraries that the course's own Python is linked to.
# OPTIONS are podman's. Needs root, podman and debootstrap.
set -eu
folder=$1
shift
course=$(cd "$(dirname "$0")/../.." && pwd)
python=$("$course/.venv/bin/python" -c 'import sys; print(sys.base_prefix)')
root=$folder/rootfs
mkdir -p "$folder"
if [ ! -e "$folder/made" ]; then
    mirror=$(awk '/^URIs:/{print $2; exit} /^deb /{print $2; exit}' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null)
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    debootstrap --variant=minbase --include="$PACKAGES" "$release" "$root" "$mirror" >"$folder/debootstrap.log" 2>&1
    touch "$folder/made"
fi
mkdir -p "$root$course" "$root$python"
# The way to Python may lead through folders that are closed to other accounts on this machine, such as root's home.
place=$root$python
while [ "$place" != "$root" ]; do
    chmod 755 "$place"
    place=$(dirname "$place")
done
# Root in a container or a small machine may not raise these to what podman asks for.
printf '[containers]\ndefault_ulimits = ["nofile=20000:20000","nproc=20000:20000"]\n' >"$folder/containers.conf"
export CONTAINERS_CONF="$folder/containers.conf" COURSE="$course" PYTHON="$python" ROOT="$root" OPTIONS
# crun refuses a machine that has both versions of cgroups; this process's own view of them can lack the second.
exec unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null || true
    exec podman run --rm $OPTIONS -e HOME=/tmp -v "$COURSE:$COURSE:ro" -v "$PYTHON:$PYTHON:ro" --workdir "$COURSE" \
        --rootfs "$ROOT" "$@"' sh "$@"
