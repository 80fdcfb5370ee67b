import importlib.util
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from spanwright.doctor import facts as gathering
from spanwright.doctor.diagnosis import diagnose
from spanwright.doctor.facts import Bfloat16, Facts, count_cards, gather, measure_bfloat16, torch_kernel

SCRIPT = Path(__file__).parents[1] / "scripts" / "doctor.py"
CPU = Facts(
    python="3.11.7",
    required_python=">=3.10,<3.14",
    installed={
        "spacy": "3.8.18",
        "spacy-transformers": "1.4.0",
        "transformers": "4.53.2",
        "torch": "2.13.0",
    },
    requirements={
        "spanwright": [
            "spacy<3.9,>=3.8.2",
            "transformers<4.53.3,>=4.48",
            'cupy-cuda12x<15.0,>=13.0; extra == "cuda12x"',
            'colorama; sys_platform == "none"',
        ],
        "spacy-transformers": ["transformers<4.53.3,>=3.4.0", "spacy<4.1.0,>=3.5.0"],
    },
)
GPU = replace(CPU, cards=1, gpus=("H200 (driver 580)",), driver_cuda=(13, 0), torch_cuda=(13, 0), cupy_cuda=(13, 0))


def having(facts, **versions):
    """Return `facts` with other versions of packages installed; None takes a package away."""
    installed = {**facts.installed, **{name.replace("_", "-"): version for name, version in versions.items()}}
    return replace(facts, installed={name: version for name, version in installed.items() if version is not None})


WITH_CUPY_13 = having(GPU, cupy_cuda13x="14.2.0")


@pytest.mark.parametrize(
    "facts",
    [
        CPU,
        having(CPU, cupy_cuda12x="14.0.0"),
        WITH_CUPY_13,
        having(GPU, cupy="14.0.0"),
        replace(having(GPU, cupy_cuda12x="14.0.0"), torch_cuda=(12, 8)),
        replace(WITH_CUPY_13, driver_cuda=(14, 1)),
        replace(WITH_CUPY_13, driver_cuda=(13, 0), torch_cuda=(13, 2)),
    ],
)
def test_a_machine_in_order_has_no_problems(facts):
    assert diagnose(facts) == []


@pytest.mark.parametrize(
    ("facts", "cause", "command"),
    [
        (replace(CPU, python="3.9.18"), "[S050] Python 3.9.18: allowed is >=3.10,<3.14", "python3.12 -m venv .venv"),
        (replace(CPU, python="3.14.0"), "[S050] Python 3.14.0", "python3.12 -m venv .venv"),
        (having(CPU, spacy="3.7.5"), "[S051] spacy 3.7.5 is installed, but spanwright needs", 'pip install "spacy<'),
        (having(CPU, spacy=None), "[S051] spacy (none)", 'pip install "spacy<'),
        (
            having(CPU, transformers="4.57.0"),
            "transformers 4.57.0 is installed, but spanwright needs transformers<4.53.3,>=4.48, spacy-",
            'pip install "transformers<4.53.3,>=3.4.0,>=4.48"',
        ),
        (
            replace(CPU, broken={"torch": "OSError: libgomp"}),
            "[S052] torch is installed but cannot be imported (OSError: libgomp)",
            'pip install --force-reinstall --no-deps "torch==2.13.0"',
        ),
        (
            replace(WITH_CUPY_13, broken={"cupy": "ImportError: libnvrtc"}),
            "[S052] cupy is installed",
            'pip install --force-reinstall --no-deps "cupy-cuda13x==14.2.0"',
        ),
        (
            replace(CPU, broken={"spacy_transformers": "ImportError: x"}),
            "[S052] spacy_transformers",
            'pip install --force-reinstall --no-deps "spacy-transformers==1.4.0"',
        ),
        (
            replace(GPU, driver_cuda=None, gpus=()),
            "[S053] 1 NVIDIA GPU(s) and no driver",
            "sudo ubuntu-drivers install",
        ),
        (
            replace(GPU, driver_cuda=(11, 4)),
            "[S054] The NVIDIA driver runs CUDA up to 11.4",
            "sudo ubuntu-drivers install",
        ),
        (
            replace(GPU, torch_cuda=None),
            "[S055] torch 2.13.0 is built for the CPU only; the NVIDIA driver runs CUDA up to 13.0",
            'pip uninstall -y torch && pip install "torch>=2.11,<=2.13.0" "spanwright[cuda13x]"',
        ),
        (
            replace(GPU, driver_cuda=(12, 4)),
            "[S055] torch 2.13.0 is built for CUDA 13.0; the NVIDIA driver runs CUDA up to 12.4, so it needs "
            "a torch built for CUDA 12.",
            'pip uninstall -y torch && pip install "torch>=2.4,<2.11" "spanwright[cuda12x]"',
        ),
        (replace(GPU, torch_cuda=(11, 8)), "[S055] torch 2.13.0 is built for CUDA 11.8", "pip uninstall -y torch"),
        (GPU, "[S056] There is a GPU and no cupy: torch is built for CUDA 13", 'pip install "spanwright[cuda13x]"'),
        (
            replace(WITH_CUPY_13, torch_cuda=(12, 8)),
            "[S057] cupy-cuda13x: torch is built for CUDA 12",
            'pip uninstall -y cupy-cuda13x && pip install "spanwright[cuda12x]"',
        ),
        (
            having(WITH_CUPY_13, cupy_cuda12x="13.6.0"),
            "[S057] cupy-cuda12x and cupy-cuda13x",
            'pip uninstall -y cupy-cuda12x cupy-cuda13x && pip install "spanwright[cuda13x]"',
        ),
        (
            replace(WITH_CUPY_13, failed={"torch": "RuntimeError: x", "cupy": "y"}),
            "[S058] A computation on the GPU failed (torch: RuntimeError: x)",
            'pip install --force-reinstall "torch==2.13.0"',
        ),
        (
            replace(WITH_CUPY_13, failed={"torch to cupy": "BufferError: x"}),
            "[S058] A computation on the GPU failed (torch to cupy: BufferError: x)",
            'pip install --upgrade "cupy-cuda13x[ctk]>=14.0,<15.0"',
        ),
    ],
)
def test_each_problem_has_its_command(facts, cause, command):
    (problem,) = diagnose(facts)
    assert cause in problem.cause
    assert problem.command.startswith(command)


def test_problems_of_different_kinds_come_together():
    facts = replace(having(GPU, spacy="3.7.5"), python="3.9.0")
    assert [problem.cause[1:5] for problem in diagnose(facts)] == ["S050", "S051", "S056"]


def test_the_package_that_is_imported_counts_and_broken_ones_do_not(monkeypatch):
    found = [SimpleNamespace(metadata={"Name": name}, version=version)
             for name, version in [("Torch", "2.13.0"), (None, None), ("torch", "1.0")]]  # fmt: skip
    monkeypatch.setattr(gathering, "distributions", lambda: found)
    assert gathering.installed_packages() == {"torch": "2.13.0"}


def test_a_package_that_is_required_in_any_version_may_be_missing():
    (problem,) = diagnose(replace(CPU, requirements={"spacy": ["jinja2"]}))
    assert problem.command == 'pip install "jinja2"'


def test_gathering_survives_a_library_that_cannot_be_imported(monkeypatch):
    def broken(name):
        raise RuntimeError(f"no\n{name}")

    monkeypatch.setattr(gathering.importlib, "import_module", broken)
    facts = gather()
    assert facts.broken["torch"] == "RuntimeError: no torch"
    assert facts.probed == ()
    assert any(problem.cause.startswith("[S052] torch") for problem in diagnose(facts))


def test_a_kernel_with_a_wrong_result_is_a_failure():
    class Wrong:
        @staticmethod
        def ones(*shape, device):
            return torch.zeros(*shape, device=device)

    torch_kernel(torch, "cpu")
    with pytest.raises(ArithmeticError, match=r"0\.0 instead of 262144"):
        torch_kernel(Wrong, "cpu")


def test_bfloat16_is_measured():
    assert measure_bfloat16(torch, "cpu").speed > 0


def test_cards_are_counted_on_the_bus(tmp_path):
    for name, vendor, kind in (("0", "0x10de", "0x030200"), ("1", "0x10de", "0x040300"), ("2", "0x8086", "0x030000")):
        device = tmp_path / name
        device.mkdir()
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "class").write_text(f"{kind}\n")
    assert count_cards(tmp_path) == 1
    assert count_cards(tmp_path / "none") == 0


@pytest.fixture
def doctor():
    """The command's module."""
    spec = importlib.util.spec_from_file_location("doctor", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_reports_a_machine_in_order(doctor, monkeypatch, capsys):
    facts = replace(CPU, probed=("torch",), bfloat16=Bfloat16(native=False, speed=0.05))
    monkeypatch.setattr(doctor, "gather", lambda: facts)
    doctor.main()
    out = capsys.readouterr().out
    assert "on the CPU" in out
    assert "emulated, so that float32 is used; a matrix product runs at 0.05 times" in out


def test_the_command_fails_with_the_mending_command(doctor, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "gather", lambda: GPU)
    with pytest.raises(SystemExit, match="1"):
        doctor.main()
    assert 'pip install "spanwright[cuda13x]"' in capsys.readouterr().out
