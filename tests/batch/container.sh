#!/bin/sh
# Run a command as root in a podman container that has Debian's Slurm, the course and Python of this machine.
#
#     sh tests/batch/container.sh FOLDER COMMAND...
#
# FOLDER keeps a small Debian made by debootstrap from this machine's own sources, the first time in two minutes. Needs
# root, podman and debootstrap. The container has the machine's network: Slurm looks for an address beside loopback.
set -eu
folder=$1
shift
course=$(cd "$(dirname "$0")/../.." && pwd)
python=$("$course/.venv/bin/python" -c 'import sys; print(sys.base_prefix)')
root=$folder/rootfs
mkdir -p "$folder"
if [ ! -e "$root/usr/sbin/slurmctld" ]; then
    mirror=$(awk '/^URIs:/{print $2; exit} /^deb /{print $2; exit}' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null)
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    debootstrap --variant=minbase --include=slurmctld,slurmd,slurm-client,munge,python3 "$release" "$root" "$mirror" >"$folder/debootstrap.log" 2>&1
fi
mkdir -p "$root$course" "$root$python"
# The way to Python may lead through folders that are closed to other accounts on this machine, such as root's home.
place=$root$python
while [ "$place" != "$root" ]; do
    chmod 755 "$place"
    place=$(dirname "$place")
done
printf '[containers]\ndefault_ulimits = ["nofile=20000:20000","nproc=20000:20000"]\n' >"$folder/containers.conf"
export CONTAINERS_CONF="$folder/containers.conf" COURSE="$course" PYTHON="$python" ROOT="$root"
# crun refuses a machine that has both versions of cgroups; this process's own view of them can lack the second.
exec unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null || true
    exec podman run --rm --network host --tmpfs /tmp:rw,exec,size=2g,mode=1777 \
        -e HOME=/tmp -e LANG=C.UTF-8 -e PYTHONDONTWRITEBYTECODE=1 -e "PATH=$COURSE/.venv/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        -v "$COURSE:$COURSE:ro" -v "$PYTHON:$PYTHON:ro" --workdir "$COURSE" \
        --rootfs "$ROOT" "$@"' sh "$@"
