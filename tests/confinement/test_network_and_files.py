"""Promises about network and files: confined code reaches nothing and nobody, and writes only to its own scratch."""

import os
import socket
import sys
import threading
from pathlib import Path

import pytest
from confinement.conftest import Inside

from grader.observe.warm import Zygote

TRY = """
import os
def attempt(function):
    try:
        return repr(function())
    except OSError as error:
        return type(error).__name__
"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text("canary")
    path.chmod(0o644)
    return path


def test_no_connection_reaches_this_machine(inside: Inside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.2)
        tcp.settimeout(0.2)
        ports = tcp.getsockname()[1], udp.getsockname()[1]
        inside(
            f"{TRY}\nimport socket\ndef probe():\n"
            f"    attempt(lambda: socket.create_connection(('127.0.0.1', {ports[0]}), 1).sendall(b'canary'))\n"
            f"    attempt(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'canary', ('127.0.0.1', {ports[1]})))\n"
            "    return {}"
        )
        with pytest.raises(TimeoutError):
            tcp.accept()
        with pytest.raises(TimeoutError):
            udp.recvfrom(100)


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_no_unix_socket_of_this_machine_can_be_reached(inside: Inside, tmp_path: Path, kind: str) -> None:
    address = f"{tmp_path}/socket" if kind == "path" else "\0grader-conformance"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        if kind == "path":
            Path(address).chmod(0o777)
        server.listen()
        server.settimeout(0.2)
        inside(
            f"{TRY}\nimport socket\ndef probe():\n"
            f"    return attempt(lambda: socket.socket(socket.AF_UNIX).connect({address!r}))"
        )
        with pytest.raises(TimeoutError):
            server.accept()


def test_odd_socket_families_are_refused(inside: Inside) -> None:
    packet, bluetooth, algorithms, vsock = 17, 31, 38, 40
    audit_of_netlink = (16, 9)
    found = inside(
        f"import socket\nasked = [(f, 0) for f in {[packet, bluetooth, algorithms, vsock]}] + [{audit_of_netlink}]\n"
        "def probe():\n    found = []\n    for family, protocol in asked:\n"
        "        for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_SEQPACKET):\n"
        "            try: socket.socket(family, kind, protocol); found.append(family)\n"
        "            except OSError: pass\n    return found"
    )
    assert found == []


def test_nothing_of_this_machine_can_be_read(inside: Inside, secret: Path) -> None:
    course = Path(__file__).resolve().parents[2]
    places = [
        secret,
        course / "reference/hw2/checks.py",
        course / "README.md",
        course / ".git/HEAD",
        Path("/etc/shadow"),
    ]
    places += [Path("/proc/1/environ"), Path(f"/proc/{os.getpid()}/environ"), Path(f"/proc/{os.getpid()}/cmdline")]
    found = inside(
        f"{TRY}\ndef probe():\n    return [attempt(lambda: open(p, 'rb').read(9)) for p in {[str(p) for p in places]}]"
    )
    for place, answer in zip(places, found, strict=True):
        if str(place) != "/proc/1/environ":  # in a process namespace of its own that is the session itself
            assert answer in ("FileNotFoundError", "PermissionError"), place


def test_folders_of_this_machine_cannot_be_listed(inside: Inside, secret: Path) -> None:
    course = Path(__file__).resolve().parents[2]
    places = [str(secret.parent), str(course), str(Path.home())]
    listed = inside(f"{TRY}\ndef probe():\n    return [attempt(lambda: os.listdir(p)) for p in {places}]")
    for answer in listed:
        assert "secret.txt" not in answer
        assert "reference" not in answer
        assert ".bash" not in answer


def test_nothing_outside_the_scratch_folder_can_be_written(inside: Inside, secret: Path) -> None:
    import grader

    places = [
        "/",
        "/usr",
        "/etc",
        "/dev",
        "/proc",
        "/sys",
        sys.prefix,
        sys.base_prefix,
        str(Path(grader.__file__).parent),
    ]
    places += [str(secret.parent), str(Path(__file__).parent), "/var/tmp", "/run"]
    found = inside(
        f"{TRY}\ndef probe():\n"
        f"    made = [attempt(lambda: open(os.path.join(p, 'planted.py'), 'w').close()) for p in {places}]\n"
        f"    changed = attempt(lambda: open({str(secret)!r}, 'a').write('x'))\n"
        f"    gone = attempt(lambda: os.remove({str(secret)!r}))\n"
        f"    moved = attempt(lambda: os.rename({str(secret)!r}, 'mine'))\n"
        "    return made + [changed, gone, moved]"
    )
    for place, answer in zip([*places, "change", "remove", "rename"], found, strict=True):
        assert answer in ("FileNotFoundError", "PermissionError", "OSError"), place
    assert secret.read_text() == "canary"
    assert not [place for place in places if (Path(place) / "planted.py").exists()]


def test_links_lead_nowhere(inside: Inside, secret: Path) -> None:
    found = inside(
        f"{TRY}\ndef probe():\n    os.symlink({str(secret)!r}, 'link')\n"
        f"    return [attempt(lambda: open('link').read()), attempt(lambda: os.link({str(secret)!r}, 'hard'))]"
    )
    assert found[0] in ("FileNotFoundError", "PermissionError")
    assert found[1] in ("FileNotFoundError", "PermissionError", "OSError")


def test_a_neighbour_at_work_can_be_neither_seen_nor_reached(confined: Zygote) -> None:
    first, second = Inside(confined), Inside(confined)
    try:
        session = first.session_of(
            "import os\nopen('token.txt', 'w').write('canary-of-a-neighbour')\n"
            "for place in (os.environ['TMPDIR'], '/dev/shm'):\n"
            "    try: open(f'{place}/token.txt', 'w').write('canary-of-a-neighbour')\n"
            "    except OSError: pass\n"
            "import sys\nfolder = os.getcwd()"
        )
        assert session.ends == {}
        found = second(
            "import os\ndef probe():\n    found = []\n"
            "    for top in ('/sandbox', '/tmp', '/dev/shm', '/run', '/proc', os.getcwd(), os.environ['TMPDIR']):\n"
            "        for folder, _, names in os.walk(top):\n"
            "            for name in names:\n"
            "                if name == 'token.txt': found.append(os.path.join(folder, name))\n"
            "    return found"
        )
        assert found == []
    finally:
        first.close()
        second.close()


def test_what_one_session_wrote_the_next_one_does_not_find(inside: Inside) -> None:
    write = "import os\nopen('left.txt', 'w').write('x')\nopen(os.environ['TMPDIR'] + '/left.txt', 'w').write('x')\n"
    assert inside.session_of(write).ends == {}
    listing = "import os\ndef probe(): return sorted(os.listdir('.')) + sorted(os.listdir(os.environ['TMPDIR']))"
    assert inside(listing) == []


def test_the_scratch_folder_is_gone_afterwards(inside: Inside, tmp_path: Path) -> None:
    place = inside("import os\nopen('x', 'w').write('x')\ndef probe(): return os.getcwd()")
    inside.close()
    assert not Path(place).exists()


def test_the_environment_is_a_fixed_list(inside: Inside) -> None:
    names = inside("import os\ndef probe(): return sorted(os.environ)")
    assert set(names) <= {
        "PATH", "HOME", "TMPDIR", "LANG", "USER", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "MPLBACKEND", "MPLCONFIGDIR",
        "PYTORCH_NVML_BASED_CUDA_CHECK", "CUDA_VISIBLE_DEVICES", "GRADER_OBSERVED", "LC_CTYPE", "KMP_DUPLICATE_LIB_OK",
        "KMP_INIT_AT_FORK", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR",
    }  # fmt: skip


def test_only_the_channel_and_the_output_are_open(inside: Inside) -> None:
    code = (
        "import os, stat\ndef probe():\n    kinds = []\n    for fd in range(256):\n"
        "        try: kinds.append(stat.S_IFMT(os.fstat(fd).st_mode))\n        except OSError: pass\n    return kinds"
    )
    kinds = inside(code)
    # Input, output, errors; the channel; the pipe by which the check answers.
    assert len(kinds) == 5


def test_waiting_for_a_connection_hurts_nobody(inside: Inside) -> None:
    done = threading.Event()
    threading.Timer(5, done.set).start()
    found = inside(
        f"{TRY}\nimport socket\ndef probe():\n"
        "    return attempt(lambda: socket.create_server(('0.0.0.0', 0)).getsockname()[0])"
    )
    assert found in ("'0.0.0.0'", "OSError", "PermissionError")
    assert not done.is_set()
