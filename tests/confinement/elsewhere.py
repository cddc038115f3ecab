"""Run a command as an ordinary account of this machine that can reach Python and the course, and nothing of root's.

    python tests/confinement/elsewhere.py USER COMMAND...

Needs root: it builds a root of its own with the interpreter and the course in it, and becomes that account there.
"""

import os
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(COURSE))

from grader.confine import mounts, namespaces, visible  # noqa: E402 - found by the line above


def main(user: int, command: list[str]) -> None:
    namespaces.unshare(namespaces.NEW_MOUNTS | namespaces.NEW_PIDS)
    if child := os.fork():
        sys.exit(wait_for(child))
    mounts.make_private()
    root = Path("/mnt")
    mounts.tmpfs(str(root), 64 << 20)
    mounts.build_root(root, [*visible.interpreter(), COURSE], devices=[Path("/dev/tty")])
    (root / "sandbox").rmdir()  # an ordinary machine has none
    (root / "tmp").unlink()
    (root / "tmp").mkdir()
    mounts.proc(str(root / "proc"))
    mounts.enter_root(root)
    for place in ("/tmp", "/dev/shm"):
        mounts.tmpfs(place, 1 << 30, 0o1777)
    Path("/etc/passwd").write_text(f"root:x:0:0::/root:/bin/sh\nstudent:x:{user}:{user}::/tmp/home:/bin/sh\n")
    Path("/proc/sys/kernel/ns_last_pid").write_text("1000")  # ids that no process inside a sandbox has too
    if child := os.fork():
        sys.exit(wait_for(child))
    os.setsid()
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    Path("/tmp/home").mkdir()
    os.chdir(COURSE)
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/tmp/home", "USER": "student", "LANG": "C.UTF-8"}
    os.execve(command[0], command, environment)


def wait_for(child: int) -> int:
    """Wait for a child, and meanwhile for every orphan that comes to the first process of a namespace."""
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
