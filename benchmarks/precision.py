"""Validation loss by epoch and by second in float32 and in bfloat16, over seeds, by train.py itself.

    python -m benchmarks.precision CORPUS... --seeds 0 1 2 3 4 [-- options of train.py]

The two take turns, seed by seed: the same start, the same order, the same masks. Printed are the differences of the
best losses, pair by pair, with their mean and its interval at 95 % (Student's t).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRECISIONS = ("float32", "bfloat16")
STUDENT = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}  # 97.5 % by sample size


def train(corpus, precision, seed, options):
    """The validation losses of a training, epoch by epoch, and the seconds that it took."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-W", "ignore", ROOT / "train.py", *corpus, "-o", out, "-f", "-d", "cpu"]
        command += ["--precision", precision, "--seed", str(seed), *options]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        log = (Path(out) / "log.jsonl").read_text().splitlines()
    return [json.loads(line)["valid_loss"] for line in log], seconds


def interval(differences):
    """Half the width of the mean's 95 % interval."""
    return STUDENT[len(differences)] * statistics.stdev(differences) / len(differences) ** 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, options = parser.parse_args(sys.argv[1:at]), sys.argv[at + 1 :]
    curves = {precision: [] for precision in PRECISIONS}
    seconds = {precision: [] for precision in PRECISIONS}
    for seed in args.seeds:
        for precision in PRECISIONS:
            losses, taken = train(args.corpus, precision, seed, options)
            curves[precision].append(losses)
            seconds[precision].append(taken)
            print(f"seed {seed} {precision}: best {min(losses):.4f}, {len(losses)} epochs, {taken:.0f} s", flush=True)
    print("\n| epoch | " + " | ".join(f"{p}: mean (spread over seeds)" for p in PRECISIONS) + " |\n|---|---|---|")
    for epoch in range(max(len(losses) for runs in curves.values() for losses in runs)):
        cells = []
        for precision in PRECISIONS:
            losses = [run[epoch] for run in curves[precision] if epoch < len(run)]
            spread = f" ({statistics.stdev(losses):.4f})" if len(losses) > 1 else ""
            cells.append(f"{statistics.mean(losses):.4f}{spread}" if losses else "")
        print(f"| {epoch + 1} | {cells[0]} | {cells[1]} |")
    best = {precision: [min(run) for run in runs] for precision, runs in curves.items()}
    for precision in PRECISIONS:
        taken = statistics.median(seconds[precision])
        print(f"{precision}: best {statistics.mean(best[precision]):.4f}, {taken:.0f} s")
    differences = [b - a for a, b in zip(best["float32"], best["bfloat16"], strict=True)]
    if len(differences) in STUDENT:
        print("bfloat16 - float32: " + ", ".join(f"{d:+.4f}" for d in differences), end="; ")
        print(f"mean {statistics.mean(differences):+.4f} +- {interval(differences):.4f}")


if __name__ == "__main__":
    main()
