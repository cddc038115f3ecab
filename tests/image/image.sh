#!/bin/sh
# Build the image with podman, on a small Debian made here, and leave it as localhost/grader:test.
#
#     sh tests/image/image.sh FOLDER
#
# FOLDER keeps the Debian and podman's settings (containers.conf, and `podman.sh`, which runs podman with them). Needs
# root, podman and debootstrap.
set -eu
folder=$1
course=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$folder"
# Root in a container or a small machine may not raise these to what podman asks for.
printf '[containers]\ndefault_ulimits = ["nofile=20000:20000","nproc=20000:20000"]\n' >"$folder/containers.conf"
# crun refuses a machine that has both versions of cgroups; this process's own view of them can lack the second.
cat >"$folder/podman.sh" <<END
#!/bin/sh
CONTAINERS_CONF=$folder/containers.conf exec unshare -m sh -c \
    'umount /sys/fs/cgroup/unified 2>/dev/null || true; exec podman "\$@"' sh "\$@"
END
if ! podman image exists localhost/grader-base:test; then
    if [ ! -e "$folder/rootfs/usr/bin/pip3" ]; then
        mirror=$(awk '/^URIs:/{print $2; exit} /^deb /{print $2; exit}' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null)
        release=$(. /etc/os-release && echo "$VERSION_CODENAME")
        debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip \
            "$release" "$folder/rootfs" "$mirror" >"$folder/debootstrap.log" 2>&1
    fi
    tar -C "$folder/rootfs" -c . | podman import --change 'CMD ["/bin/bash"]' - localhost/grader-base:test
fi
# The build sees this machine's certificates, where pip is told of some; nothing of them stays in the image.
certificates=/etc/ssl/certs/ca-certificates.crt
printf '[global]\ncert = %s\n' "$certificates" >"$folder/pip.conf"
exec sh "$folder/podman.sh" build --pull=never --format docker --build-arg BASE=localhost/grader-base:test \
    -v "$folder/pip.conf:/etc/pip.conf:ro" -v "$certificates:$certificates:ro" -t localhost/grader:test "$course"
