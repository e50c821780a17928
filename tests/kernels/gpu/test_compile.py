"""Every GPU program, in every build that the host code asks for, by NVIDIA's compiler.

For the oldest and the newest generation of GPU; ``-m slow`` also for those between.
"""

import pytest

from tests.kernels.gpu import nvrtc
from tsuzuri.kernels.gpu import sources

GENERATIONS = [70, *(pytest.param(sm, marks=pytest.mark.slow) for sm in (80, 90)), 100]  # V100; A100, H100, H200; B200
LIBRARIES = nvrtc.libraries()

KERNEL = 'extern "C" __global__ void {}(float* a) {{ {} }}\n'
SPILLING = KERNEL.format(
    "__launch_bounds__(1024) spilling",
    """float x[96];
    #pragma unroll
    for (int i = 0; i < 96; i++) x[i] = a[1024 * i + threadIdx.x];
    for (int round = 0; round < 9; round++)
        #pragma unroll
        for (int i = 0; i < 96; i++) x[i] = x[i] * x[(i + 7) % 96] + a[round];
    #pragma unroll
    for (int i = 0; i < 96; i++) a[1024 * i + threadIdx.x] = x[i];""",
)


@pytest.fixture(scope="module", params=LIBRARIES or [None], ids=lambda path: path and path.name)
def compiler(request):
    if request.param is None:
        pytest.skip("NVIDIA's compiler is not installed (pip install nvidia-cuda-nvrtc-cu12)")
    return nvrtc.Compiler(request.param)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("program", sources.programs())
def test_programs_compile_without_a_warning_and_keep_to_their_registers(program, generation, compiler):
    if generation not in compiler.architectures():
        pytest.skip("this CUDA compiles for newer ones only")
    for build in nvrtc.builds(program):
        result = compiler.compile(sources.text(program, defines=build), generation)
        assert result.cubin is not None, f"{build}\n{result.log}"
        assert result.warnings() == [], build
        spills = result.spills()
        assert set(sources.kernels(sources.text(program))) <= set(spills), build
        if generation >= 80:
            assert {name: size for name, size in spills.items() if size} == {}, build


def test_what_the_tests_above_look_for_would_be_found(compiler):
    result = compiler.compile(SPILLING + KERNEL.format("modest", "int unused; a[0] = 1;"), 90)
    assert result.cubin.startswith(b"\x7fELF")
    assert [line.split("warning")[1].split(":")[0] for line in result.warnings()] == [" #177-D"]
    assert result.spills()["spilling"] > 0
    assert result.spills()["modest"] == 0
    broken = compiler.compile(KERNEL.format("broken", "a[0] = nothing;"), 90)
    assert broken.cubin is None
    assert '"nothing" is undefined' in broken.log
