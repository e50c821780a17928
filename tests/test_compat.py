"""Chainer on this Python and this NumPy: the parts that training stands on."""

import subprocess
import sys

import numpy
import pytest

from tests.conftest import ROOT
from tests.kernels import gradients
from tsuzuri.compat import F, L, chainer


class Net(chainer.Chain):
    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.embed = L.EmbedID(11, 5)
            self.linear = L.Linear(5, 20)
            self.out = L.Linear(5, 11)

    def forward(self, x, t):
        _, h = F.lstm(numpy.zeros((len(x), 5), "f"), self.linear(self.embed(x)))
        return F.softmax_cross_entropy(self.out(F.dropout(h, 0.2)), t)


def train(make, steps=30):
    numpy.random.seed(0)
    net, optimizer = Net(), make()
    optimizer.setup(net)
    optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(1.0))
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(1e-5))
    x = numpy.arange(11, dtype="i")
    losses = []
    for _ in range(steps):
        loss = net(x, (x + 1) % 11)
        net.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(float(loss.array))
    return net, optimizer, losses


OPTIMIZERS = {
    "SGD": {"lr": 1.0},
    "MomentumSGD": {"lr": 0.3},
    "NesterovAG": {"lr": 0.3},
    "AdaGrad": {"lr": 0.1},
    "AdaDelta": {"rho": 0.5},
    "RMSprop": {"lr": 0.02},
    "RMSpropGraves": {"lr": 0.02},
    "SMORMS3": {"lr": 0.05},
    "CorrectedMomentumSGD": {"lr": 0.3},
    "MSVAG": {"lr": 0.3},
    "Adam": {"alpha": 0.05},
    "AdamW": {"alpha": 0.05},
    "AMSGrad": {"alpha": 0.05},
    "AdaBound": {"alpha": 0.05},
    "AMSBound": {"alpha": 0.05},
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # MSVAG divides 0 by 0 and clips
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimizer_learns_with_clipping_and_decay(name):
    _, _, losses = train(lambda: getattr(chainer.optimizers, name)(**OPTIMIZERS[name]))
    assert numpy.isfinite(losses).all()
    assert numpy.mean(losses[-5:]) < 0.97 * losses[0]


def test_npz_brings_weights_and_moments_back(tmp_path):
    net, optimizer, _ = train(chainer.optimizers.Adam)
    chainer.serializers.save_npz(tmp_path / "net.npz", net)
    chainer.serializers.save_npz(tmp_path / "optimizer.npz", optimizer)
    other, fresh, _ = train(chainer.optimizers.Adam, steps=1)
    chainer.serializers.load_npz(tmp_path / "net.npz", other)
    chainer.serializers.load_npz(tmp_path / "optimizer.npz", fresh)
    assert fresh.t == optimizer.t == 30
    for a, b in zip(net.params(), other.params(), strict=True):
        assert (a.array == b.array).all()
        assert (a.update_rule.state["m"] == b.update_rule.state["m"]).all()


def test_gradients_agree_with_differences(rng):
    x, w, b = rng.normal(size=(4, 3)), rng.normal(size=(8, 3)), rng.normal(size=8)
    gradients.once(F.linear, x, w, b)
    gradients.once(F.lstm, rng.normal(size=(4, 2)), rng.normal(size=(4, 8)))
    t = rng.integers(0, 3, 4).astype("i")
    gradients.once(lambda y: F.softmax_cross_entropy(y, t), x)
    gradients.once(lambda table: F.embed_id(t, table), w)
    mask = rng.random((4, 3)) * 2
    gradients.once(lambda y: F.dropout(y, 0.5, mask=mask), x)


def test_as_strided_goes_backward():
    x = chainer.Variable(numpy.arange(6.0))
    F.sum(F.as_strided(x, (3, 2), (1, 1)) ** 2).backward()  # needs numpy.sctypes
    assert x.grad.tolist() == [0, 4, 8, 6, 0, 0]


def test_importing_says_nothing():
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import tsuzuri.compat"], capture_output=True, text=True, cwd=ROOT
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_worker_processes_have_the_patches(method):
    code = (
        "import multiprocessing, tsuzuri.compat\n"
        "from tests.test_compat import in_worker\n"
        "if __name__ == '__main__':\n"
        f"    with multiprocessing.get_context('{method}').Pool(1) as pool:\n"
        "        print(pool.apply(in_worker))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert run.stdout.strip() == "3.0", run.stderr


def in_worker():
    return float(F.sum(chainer.Variable(numpy.ones(3, "f"))).array)
