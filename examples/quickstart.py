"""Text, music and classes in a minute: the cells of quickstart.ipynb, which ``make notebook`` makes from this script.

``python examples/quickstart.py`` runs them too, from any folder, and leaves what they made in ``runs/quickstart``.
"""

# %% [markdown]
# # Tsuzuri, a quick start
#
# Tsuzuri learns from your own text or music and writes more of it. This notebook trains three small models on the
# sample corpora: stories, tunes and letters. All of it takes about a minute on two cores, without a GPU.
#
# The next cell sets up on Colab and does nothing elsewhere.

# %%
import os
import subprocess
import sys

REPOSITORY = "https://git.example/tsuzuri.git"  # a placeholder: put the address of the repository here

if "google.colab" in sys.modules and not os.path.exists("../corpus"):
    subprocess.run(["git", "clone", "--depth", "1", REPOSITORY, "tsuzuri"], check=True)
    constraints = os.path.abspath("tsuzuri/build-constraints.txt")  # Chainer is built by a setuptools that still can
    os.environ |= {"PIP_CONSTRAINT": constraints, "PIP_BUILD_CONSTRAINT": constraints}
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "./tsuzuri"], check=True)
    os.chdir("tsuzuri/examples")

# %%
from pathlib import Path

import tsuzuri

HERE = Path(__file__).parent if "__file__" in globals() else Path()  # a notebook runs in its own folder
CORPUS = HERE / "../corpus"
RUNS = HERE / "../runs/quickstart"
EPOCHS = {"stories": 8, "tunes": 8, "letters": 25}  # fewer are faster, more write better

# %% [markdown]
# ## Text
#
# Eight short Japanese stories. `train` takes files and folders, or strings as `texts=[...]`. The validation loss falls
# until the model has learned what so little text can teach.

# %%
stories = tsuzuri.train(
    CORPUS / "stories",
    RUNS / "stories",
    epoch=EPOCHS["stories"],
    unit=128,
    lr=0.005,
    dropout=0.2,
    dropout_weights=0,
    batchsize=10,
    force=True,
    seed=1,
)
[round(entry["valid_loss"], 2) for entry in stories.history]

# %%
stories.plot()

# %% [markdown]
# The model goes on from a beginning. The same seed writes the same text; a lower temperature is more careful.

# %%
print(stories.generate("灯台", sentences=6, top_p=0.9, temperature=0.6, seed=8))

# %% [markdown]
# `stream` yields each word as soon as it is drawn, and `generate_many` draws several texts side by side.

# %%
for word in stories.stream("夜", sentences=3, top_p=0.9, temperature=0.6, seed=3):
    print(word, end="", flush=True)
print()
for text in stories.generate_many(3, "雨", sentences=1, top_p=0.9, temperature=0.6, seed=3):
    print("*", text)

# %% [markdown]
# ## Music
#
# 55 tunes as MIDI files. `transpose` adds copies in other keys, so that the model learns the steps of a melody and not
# its key.

# %%
tunes = tsuzuri.train(
    CORPUS / "tunes",
    RUNS / "tunes",
    epoch=EPOCHS["tunes"],
    unit=96,
    lr=0.005,
    dropout=0.1,
    dropout_weights=0,
    transpose=(-3, 3),
    force=True,
    seed=1,
)
tunes

# %% [markdown]
# A piece shows its piano roll and a player.

# %%
tune = tunes.generate(bars=8, temperature=0.9, seed=2)
tune

# %%
for name in ("tune.mid", "tune.wav", "tune.png"):
    tune.save(RUNS / name)
tune.notes[:3]

# %% [markdown]
# ## Classes
#
# 606 short letters that are happy (嬉しい), angry (怒り) or sad (悲しい), as pairs of a label and a text. A tenth of
# them is kept for validation and another for the test.

# %%
lines = (CORPUS / "letters.tsv").read_text(encoding="utf-8").splitlines()
letters = [tuple(line.split("\t")) for line in lines]
mood = tsuzuri.train_classifier(
    letters, RUNS / "letters", epoch=EPOCHS["letters"], lr=0.004, batchsize=16, dropout_words=0.7, force=True, seed=0
)
score = mood.evaluate()
print(score.report)
score.plot("letters held out for the test")

# %% [markdown]
# What decided? `explain=True` gives each word's share: how much less probable the class would be without it. The second
# letter is an angry one. The training letters are few, and まだ ("still") misleads the model.

# %%
new = ["孫が生まれました。港じゅうに知らせて歩きたいです。", "三度も頼んだのに、まだ返事がない。", "今でも涙が出ます。"]
for guess in mood.predict(new, explain=True):
    shares = sorted(guess.shares, key=lambda share: -share[1])[:3]
    print(f"{guess.label} {guess.probability:.0%}  {guess.text}")
    print("    " + ", ".join(f"{word} {share:+.2f}" for word, share in shares))

# %% [markdown]
# ## Now with your own
#
# ```python
# run = tsuzuri.train(["novel.txt"], "runs/novel", epoch=20)
# print(run.generate(sentences=8))
# ```
#
# The page `docs/python.md` says what else there is, `help(tsuzuri.train)` which options.
