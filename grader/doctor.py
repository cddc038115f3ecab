"""Examine this machine: how student code can be confined here, which devices and versions there are, what to do."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from grader.confine import landlock
from grader.confine.plan import Plan, choose, why_not
from grader.confine.sandbox import Mode, reads_past_permissions
from grader.observe import probe
from grader.observe.engine import EngineFault
from grader.observe.gpu import open_nvml
from grader.observe.plain import PlainEngine
from grader.observe.warm import Zygote

_PACKAGES = ("grader", "torch", "torchvision", "numpy", "ipython", "nbconvert", "sqlalchemy")


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        name: What.
        works: Whether it works here.
        detail: What was found, in a few words.
        advice: What to do about it; "" where nothing need be done.
    """

    name: str
    works: bool
    detail: str
    advice: str = ""


class Examination(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        mode: How student code is confined with --confinement auto.
        layers: The layers in force then.
        findings: Everything that was looked at.
        devices: The devices that a session can use.
        versions: Versions of packages by name; "" for one that is not installed.
    """

    mode: Mode
    layers: tuple[str, ...]
    findings: tuple[Finding, ...]
    devices: tuple[str, ...]
    versions: dict[str, str]


def examine() -> Examination:
    """Look at everything that grading needs here; takes as long as importing torch."""
    plan = choose("auto")
    devices, found = _devices(plan)
    return Examination(
        mode=plan.mode,
        layers=plan.layers,
        findings=(*_confinement(plan), *found),
        devices=devices,
        versions={"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
    )


def _confinement(plan: Plan) -> tuple[Finding, ...]:
    if sys.platform != "linux":
        advice = "fine for your own homework; to grade others' work use Linux, or the Docker image"
        return (Finding("confinement", False, f"none on {sys.platform}: code runs with your own rights", advice),)
    full = why_not("namespaces")
    abi = landlock.abi()
    advice = "boot a kernel 5.13 or newer with lsm=landlock,..." if not abi else ""
    scoped = "also keeps signals inside" if landlock.scopes_signals(abi) else "signals are refused altogether (ABI 6)"
    return (
        Finding("namespaces", not full, full or "the whole set works", _advice(full) if full else ""),
        Finding("Landlock", bool(abi), f"ABI {abi}: {scoped}" if abi else "this kernel offers none", advice),
        _without_namespaces(),
        _accounts(plan),
    )


def _without_namespaces() -> Finding:
    why = why_not("landlock")
    detail = why or "Landlock, seccomp and resource limits work without namespaces too (no loader workers there)"
    return Finding("without namespaces", not why, detail)


def _accounts(plan: Plan) -> Finding:
    name = "an account of its own"
    if os.geteuid() != 0:
        return Finding(name, plan.mode == "namespaces", "student code runs as your account, without its rights")
    if not reads_past_permissions(plan.mode):
        return Finding(name, True, "student code runs as 60001 and up")
    return Finding(
        name,
        True,
        f"it keeps the right to read past permissions: other accounts cannot reach {sys.prefix} or {sys.base_prefix}",
        "install Python and the environment where every account may read them, such as /opt",
    )


def _advice(why: str) -> str:
    """What helps where namespaces do not work; the reasons are those that containers and distributions give."""
    marks = (Path("/.dockerenv"), Path("/run/.containerenv"))
    inside_container = "container" in os.environ or any(mark.exists() for mark in marks)
    if inside_container:
        return (
            "Landlock and seccomp confine it all the same; for namespaces too, run docker with --security-opt "
            "seccomp=unconfined --security-opt systempaths=unconfined, or podman with --security-opt unmask=ALL"
        )
    if "unshare" in why and os.geteuid() != 0:
        return (
            "allow user namespaces: sysctl user.max_user_namespaces=65536, and where there is AppArmor "
            "kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return "Landlock and seccomp confine it all the same"


def _devices(plan: Plan) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """The devices that a session can use here, and what is to be said of torch and of a GPU."""
    try:
        engine = Zygote(cuda=True, confinement="auto") if sys.platform == "linux" else PlainEngine()
        with closing(engine):
            found = probe.devices(engine)
        return found.here, (Finding("torch", True, "it can be imported"), *_gpu(found, plan))
    except EngineFault as error:
        return (), (Finding("torch", False, str(error), "install it: uv sync, or pip install torch torchvision"),)


def _gpu(found: probe.Devices, plan: Plan) -> tuple[Finding, ...]:
    if "cuda" in found.here:
        return (Finding("cuda", True, f"{found.versions.get('device', '?')} works, confined as a session is"), _nvml())
    if "cuda" not in found.broken:
        return ()
    if plan.mode == "none":
        return (Finding("cuda", False, found.broken["cuda"], "see whether nvidia-smi works"),)
    with closing(Zygote(cuda=True, confinement="none")) as engine:
        free = probe.devices(engine)
    if "cuda" in free.here:
        detail = f"works unconfined, and not in the confinement here ({plan.mode}): {found.broken['cuda']}"
        advice = "grade on cuda with --confinement none in a container of its own, and please report this"
        return (Finding("cuda", False, detail, advice),)
    return (Finding("cuda", False, free.broken.get("cuda", "?"), "see whether nvidia-smi works"),)


def _nvml() -> Finding:
    """Whether GPU memory can be watched from outside; a process knows no better of its own than of any other."""
    nvml, name = open_nvml(), "GPU memory"
    if nvml is None:
        return Finding(name, False, "the driver's library (libnvidia-ml) is not here: its use is not watched")
    return Finding(name, True, f"driver {nvml.driver}, {nvml.count} in the machine; its use is watched from outside")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
