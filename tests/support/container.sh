#!/bin/sh
# Run a command in an unprivileged podman container that sees the course and Python and nothing else of this machine.
#
#     sh tests/confinement/container.sh FOLDER COMMAND...
#
# FOLDER keeps a small Debian made by debootstrap from this machine's own sources, the first time in a minute; its Python
# is not used, but brings the libraries that the course's own is linked to. Needs root, podman and debootstrap.
set -eu
folder=$1
shift
course=$(cd "$(dirname "$0")/../.." && pwd)
python=$("$course/.venv/bin/python" -c 'import sys; print(sys.base_prefix)')
root=$folder/rootfs
mkdir -p "$folder"
if [ ! -e "$root/bin/sh" ]; then
    mirror=$(awk '/^URIs:/{print $2; exit} /^deb /{print $2; exit}' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null)
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    debootstrap --variant=minbase --include=python3 "$release" "$root" "$mirror" >"$folder/debootstrap.log" 2>&1
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
export CONTAINERS_CONF="$folder/containers.conf" COURSE="$course" PYTHON="$python" ROOT="$root"
# crun refuses a machine that has both versions of cgroups; this process's own view of them can lack the second.
exec unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null || true
    exec podman run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges \
        --user 10001:10001 --pids-limit 512 --memory 6g --memory-swap 6g --tmpfs /tmp:rw,size=1g,mode=1777 \
        -e HOME=/tmp -v "$COURSE:$COURSE:ro" -v "$PYTHON:$PYTHON:ro" --workdir "$COURSE" --rootfs "$ROOT" "$@"' sh "$@"
