"""What there is to know about this machine, gathered so that nothing broken on it stops the gathering."""

from __future__ import annotations

import csv
import ctypes
import importlib
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distributions, metadata, requires
from pathlib import Path
from types import ModuleType
from typing import Any

from packaging.utils import canonicalize_name

# The packages whose own requirements are compared with what is installed
OWNERS = ("spanwright", "spacy", "spacy-transformers", "thinc", "transformers")
# The order matters: a library that cannot be imported explains why the next one cannot
LIBRARIES = ("torch", "cupy", "transformers", "spacy", "spacy_transformers")
NVIDIA = "0x10de"
DISPLAY_CLASSES = ("0x0300", "0x0302")
DRIVER_LIBRARIES = {"Windows": "nvcuda.dll", "Linux": "libcuda.so.1"}
MATRIX_SIZE = 512
REPEATS = 3

Version = tuple[int, int]


@dataclass(frozen=True)
class Bfloat16:
    """bfloat16 on the device that training would use. `speed` is that of a matrix product relative to float32."""

    native: bool
    speed: float


@dataclass(frozen=True)
class Facts:
    """A machine. CUDA versions are (major, minor); None stands for what is not there.

    `installed` maps normalised package names to versions, `requirements` the name of a package to what it requires.
    `broken` maps the name of a library to what importing it raised; `failed` maps the name of a probe, one of those in
    `probed`, to what running it raised.
    """

    python: str
    required_python: str
    installed: dict[str, str]
    requirements: dict[str, list[str]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    cards: int = 0
    gpus: tuple[str, ...] = ()
    driver_cuda: Version | None = None
    torch_cuda: Version | None = None
    cupy_cuda: Version | None = None
    probed: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    bfloat16: Bfloat16 | None = None


def gather() -> Facts:
    """Look at this machine, and run one kernel in torch, one in cupy, and hand an array from one to the other."""
    installed = installed_packages()
    modules, broken = _import_libraries(installed)
    torch, cupy = modules.get("torch"), modules.get("cupy")
    driver_cuda = cuda_of_driver()
    device = "cuda" if torch is not None and torch.cuda.is_available() else "cpu"
    probes: dict[str, Callable[[], Any]] = {}
    if torch is not None:
        probes["torch"] = lambda: torch_kernel(torch, device)
        probes["bfloat16"] = lambda: measure_bfloat16(torch, device)
    if cupy is not None and driver_cuda is not None:
        probes["cupy"] = lambda: cupy_kernel(cupy)
        if device == "cuda":
            probes["torch to cupy"] = lambda: exchange(torch, cupy)
    failed: dict[str, str] = {}
    results = {name: _attempt(name, probe, failed) for name, probe in probes.items()}
    return Facts(
        python=platform.python_version(),
        required_python=metadata("spanwright")["Requires-Python"],
        installed=installed,
        requirements={owner: _requirements(owner) for owner in OWNERS},
        broken=broken,
        cards=count_cards(),
        gpus=names_of_gpus(),
        driver_cuda=driver_cuda,
        torch_cuda=_version(torch.version.cuda) if torch is not None else None,
        cupy_cuda=_split(cupy.cuda.runtime.runtimeGetVersion()) if cupy is not None else None,
        probed=tuple(probes),
        failed=failed,
        bfloat16=results.get("bfloat16"),
    )


def installed_packages() -> dict[str, str]:
    """Return the version of each package, by its normalised name, that is imported: the first on the path of those installed."""
    versions: dict[str, str] = {}
    for found in distributions():
        name: str | None = found.metadata["Name"]
        if name is not None:  # what an interrupted installation leaves has none
            versions.setdefault(str(canonicalize_name(name)), found.version)
    return versions


def torch_kernel(torch: Any, device: str) -> None:
    """Multiply two matrices of ones on `device`. Raises ArithmeticError when the product is wrong."""
    ones = torch.ones(64, 64, device=device)
    _expect((ones @ ones).sum().item(), 64**3)


def cupy_kernel(cupy: Any) -> None:
    """Multiply two matrices and compile an elementwise kernel. Raises ArithmeticError when the product is wrong."""
    ones = cupy.ones((64, 64), dtype="float32")
    _expect(float((ones @ ones + ones).sum()), 64**3 + 64**2)


def exchange(torch: Any, cupy: Any) -> None:
    """Hand an array from torch to cupy and back without a copy. Raises ArithmeticError when it arrives changed."""
    array = cupy.from_dlpack(torch.arange(64, device="cuda"))
    _expect(int(torch.from_dlpack(array * 2).sum()), 64 * 63)


def measure_bfloat16(torch: Any, device: str) -> Bfloat16:
    """Say whether `device` computes in bfloat16 itself, and time a matrix product against one in float32."""
    from spanwright.precision import has_native_bfloat16

    def seconds(dtype: Any) -> float:
        matrix = torch.ones(MATRIX_SIZE, MATRIX_SIZE, device=device, dtype=dtype)
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            # Reading a number waits for the GPU
            (matrix @ matrix)[0, 0].item()
            times.append(time.perf_counter() - start)
        return min(times)

    return Bfloat16(native=has_native_bfloat16(device), speed=seconds(torch.float32) / seconds(torch.bfloat16))


def count_cards(devices: Path = Path("/sys/bus/pci/devices")) -> int:
    """Count NVIDIA's GPUs on the PCI bus, whether or not a driver runs them. 0 where the system does not say."""

    def is_card(device: Path) -> bool:
        vendor, kind = (device / name for name in ("vendor", "class"))
        return (
            vendor.is_file()
            and vendor.read_text().strip() == NVIDIA
            and kind.is_file()
            and kind.read_text().startswith(DISPLAY_CLASSES)
        )

    return sum(is_card(device) for device in devices.iterdir()) if devices.is_dir() else 0


def cuda_of_driver() -> Version | None:
    """Return the newest CUDA that the NVIDIA driver runs, or None without a driver."""
    number = ctypes.c_int()
    try:
        status = ctypes.CDLL(DRIVER_LIBRARIES[platform.system()]).cuDriverGetVersion(ctypes.byref(number))
    except (KeyError, OSError, AttributeError):
        return None
    # A stub of the library, as in images for building, answers 0
    return _split(number.value) if status == 0 and number.value else None


def names_of_gpus() -> tuple[str, ...]:
    """Return the name and driver version of each GPU that the driver runs."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    if done.returncode:
        return ()
    return tuple(f"{row[0]} (driver {row[1]})" for row in csv.reader(done.stdout.splitlines(), skipinitialspace=True))


def _import_libraries(installed: dict[str, str]) -> tuple[dict[str, ModuleType], dict[str, str]]:
    modules: dict[str, ModuleType] = {}
    broken: dict[str, str] = {}
    for name in LIBRARIES:
        if name == "cupy":
            present = any(package.startswith("cupy") for package in installed)
        else:
            present = canonicalize_name(name) in installed
        if present:
            module = _attempt(name, lambda name=name: importlib.import_module(name), broken)  # type: ignore[misc]
            if module is not None:
                modules[name] = module
    return modules, broken


def _attempt(name: str, run: Callable[[], Any], failures: dict[str, str]) -> Any:
    """Return what `run` returns; where it raises, note why under `name` and return None."""
    try:
        return run()
    # What is wrong with a machine may come as any exception, and all of it is wanted in the report
    except Exception as reason:
        failures[name] = f"{type(reason).__name__}: {' '.join(str(reason).split())}"
        return None


def _requirements(owner: str) -> list[str]:
    try:
        return requires(owner) or []
    except PackageNotFoundError:
        return []


def _version(text: str | None) -> Version | None:
    numbers = re.match(r"(\d+)\.(\d+)", text or "")
    return (int(numbers[1]), int(numbers[2])) if numbers else None


def _split(number: int) -> Version:
    # CUDA writes 12.4 as 12040
    return number // 1000, number % 1000 // 10


def _expect(found: float, expected: float) -> None:
    if found != expected:
        raise ArithmeticError(f"{found} instead of {expected}")
