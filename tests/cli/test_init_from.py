"""train.py --init-from: a training that begins with another run's weights, on other words."""

import json
import random
import shutil
import signal

import numpy
import pytest

from tests.cli import run_command
from tests.cli.text import same_weights
from tests.conftest import ROOT
from tsuzuri.cli import train as command
from tsuzuri.errors import UserError
from tsuzuri.text.vocabulary import SPECIAL
from tsuzuri.training import learner, trainer
from tsuzuri.training.run import load_run

SMALL = ("-b", 4, "-l", 6, "--dropout", 0.1, "--lr", 0.01, "-d", "cpu", "--sample-every", 0)
FIRST = ("--tokens", "space", "--min-count", 1, "-u", 12, "--embed", 8, "--layers", 3, "--tie", "on")
TUNES = [ROOT / "corpus" / "tunes" / f"{name}.mid" for name in ("frere-jacques", "ah-vous-dirai-je", "hot-cross-buns")]
MUSIC = ("-b", 1, "-l", 4, "-u", 6, "-e", 1, "-d", "cpu", "--sample-every", 0, "--dropout", 0)


def sentences(path, nouns, count, last=""):
    generator = random.Random(4)
    lines = [f"the {generator.choice(nouns)} sees the {generator.choice(nouns)} ." for _ in range(count)]
    path.write_text("\n".join([*lines[: count // 2], last, *lines[count // 2 :]]) + "\n")
    return path


def train(*args):
    done = run_command("train.py", *args)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A run on three nouns."""
    folder = tmp_path_factory.mktemp("old")
    corpus = sentences(folder / "old.txt", ["cat", "dog", "bird"], 120)
    train(corpus, "-o", folder / "run", "-e", 12, *SMALL, *FIRST)
    return folder / "run"


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Another corpus: of the nouns one is known; "bird" is there once, as the unknown "eel" is."""
    return sentences(tmp_path_factory.mktemp("new") / "new.txt", ["dog", "fox"], 100, "the bird sees the eel .")


@pytest.fixture(scope="module")
def tuned(old, text, tmp_path_factory):
    """A run that goes on from the old one, undisturbed, and what was said."""
    out = tmp_path_factory.mktemp("tuned") / "run"
    return out, train(text, "-o", out, "-e", 2, "--init-from", old, *SMALL, "--schedule", "slanted")


def about(run):
    return json.loads((run / "run.json").read_text())


def begun(run):
    """The weights that a run begins with: nothing is trained."""
    with numpy.load(run / "checkpoint.npz") as file:
        return {name.removeprefix("model/"): file[name] for name in file.files if name.startswith("model/")}


def test_sizes_words_and_weights_are_the_origins(old, text, tuned, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    train(text, "-o", tmp_path / "run", "--init-from", old, *SMALL)
    run, origin = load_run(str(tmp_path / "run")), load_run(str(old))
    sizes = run.about["sizes"]
    assert [sizes[name] for name in ("units", "embed", "layers", "tied", "dropout")] == [12, 8, 3, True, 0.1]
    assert (run.about["tokens"], run.about["corpus"]["text"]["tokens"]) == ("space", "space")
    assert sorted(run.vocabulary.words) == sorted([*SPECIAL, ".", "bird", "cat", "dog", "fox", "sees", "the"])
    arrays, before = begun(tmp_path / "run"), origin.best_arrays()
    for word in ("the", "dog", "bird", "cat", "<eos>", "<unk>"):
        new, known = run.vocabulary.ids[word], origin.vocabulary.ids[word]
        assert numpy.array_equal(arrays["l0/W"][new], before["l0/W"][known])
        assert arrays["l4/b"][new] == before["l4/b"][known]
    assert all(numpy.array_equal(arrays[name], before[name]) for name in before if name[:2] in ("l1", "l2", "l3"))
    start = run.about["start"]["init_from"]
    assert start["run"] == str(old)
    assert start["id"] == about(old)["id"]
    assert (start["found"], start["of"]) == (5, 6)
    assert f"start    {old}: 5 of the corpus's 6 words, the others drawn like them; all layers\n" in tuned[1]
    assert (
        "ids      7 of 8 distinct words (25% of them seen once), 1 more that are known already, and <unk>" in tuned[1]
    )


@pytest.mark.parametrize(
    ("bounds", "kept"),
    [
        ([], [". bird dog fox sees the", "cat"]),  # the eel, seen once, is unknown to both
        (["--vocab-size", 8], [". dog fox sees the", "bird"]),
        (["--vocab-size", 10, "--min-count", 1], [". bird dog eel fox sees the", "cat"]),
    ],
)
def test_words_that_are_known_need_be_seen_but_once(old, text, tmp_path, monkeypatch, bounds, kept):
    """What is seen goes before what is not; a training that goes on finds the same."""
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    train(text, "-o", tmp_path / "run", "--init-from", old, *SMALL, *bounds)
    words = load_run(str(tmp_path / "run")).vocabulary.words[len(SPECIAL) :]
    assert (sorted(words[:-1]), words[-1]) == (kept[0].split(), kept[1])
    train("-o", tmp_path / "run", "--resume", "-d", "cpu")


def test_it_helps(old, text, tuned, tmp_path):
    """The first epoch is better than from chance, by as much as the grammar is known."""
    train(text, "-o", tmp_path / "run", "-e", 1, *SMALL, *FIRST)
    losses = [json.loads((run / "log.jsonl").read_text().splitlines()[0]) for run in (tuned[0], tmp_path / "run")]
    assert losses[0]["valid_loss"] < 0.8 * losses[1]["valid_loss"]


def test_what_is_begun_with_is_part_of_the_id(old, text, tuned, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    shutil.copytree(old, tmp_path / "moved")
    again = [text, "-e", 2, *SMALL, "--schedule", "slanted"]
    train(*again, "-o", tmp_path / "same", "--init-from", tmp_path / "moved")
    train(*again, "-o", tmp_path / "other", *FIRST)
    ids = [about(run)["id"] for run in (tuned[0], tmp_path / "same", tmp_path / "other")]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("windows", [1, 20, 40])
def test_it_goes_on_to_the_same_bytes_though_the_origin_is_gone(old, text, tuned, tmp_path, monkeypatch, windows):
    shutil.copytree(old, tmp_path / "old")
    begin = [text, "-e", 2, "--init-from", tmp_path / "old", *SMALL, "--schedule", "slanted", "--tokens", "auto"]
    learn, count = learner.Learner.learn, iter(range(windows - 1, -1, -1))

    def counted(self, batch):
        learn(self, batch)
        if next(count, None) == 0:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(learner.Learner, "learn", counted)
        assert run_command("train.py", *begin, "-o", tmp_path / "run").returncode == 128 + signal.SIGTERM
    assert (tmp_path / "run" / "log.jsonl").read_text().count("\n") == windows // 26
    shutil.rmtree(tmp_path / "old")
    train(*begin, "-o", tmp_path / "run", "--resume")
    same_weights(tmp_path / "run", tuned[0])


def test_a_run_without_goes_on_without(old):
    with pytest.raises(UserError, match=r"--init-from cannot be given with --resume: only "):
        refused("-o", old, "--resume", "--init-from", old)


def refused(*args):
    """Call the command, and let what it refuses come through."""
    return command.main([str(arg) for arg in args])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["-u", 16], r"--unit 16: must be 12, as OLD has it \(--init-from\)"),
        (["--embed", 12], "--embed 12: must be 8, as OLD has it"),
        (["--layers", 2], "--layers 2: must be 3, as OLD has it"),
        (["--tie", "off"], "--tie off: must be on, as OLD has it"),
        (["--tokens", "char"], "--tokens char: must be space, as OLD has it"),
        (["--normalize", "nfkc"], "--normalize nfkc: must be nfc, as OLD has it"),
        (["--dictionary", "ipadic"], "--dictionary ipadic: must be unidic-lite, as OLD has it"),
        (["--user-dictionary", "x.dic"], "--user-dictionary x.dic: must be none, as OLD has it"),
        (["--vectors", "v.vec"], "--vectors and --init-from: one of them only"),
        (["--freeze-epochs", 1, "--freeze-vectors"], "give one of them"),
        (["--freeze-epochs", 1], "--freeze-epochs 1: the words of .* are its output layer's weights too"),
        (["--init-from", "none"], "none: no such folder: must be a run"),
        (["--init-from", "OUT", "--force"], r"--init-from OUT: is what -o/--out replaces: must be another folder"),
        (["--grid", 12], "--grid is for MIDI, and .*new.txt is not"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_line(old, text, tmp_path, options, reason):
    named = {"OLD": str(old), "OUT": str(tmp_path / "run")}
    for name, path in named.items():
        reason = reason.replace(name, path)
    begin = [text, "-o", tmp_path / "run", "--init-from", old, *SMALL]
    with pytest.raises(UserError, match=reason) as caught:
        refused(*begin, *(named.get(option, option) for option in options))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_what_says_the_same_is_accepted(old, text, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    begin = [text, "-o", tmp_path / "run", "--init-from", old, *SMALL]
    same = ["--embed", 8, "--layers", 3, "--tie", "on", "--tokens", "auto", "--dictionary", "unidic-lite"]
    said = train(*begin, *same, "--recipe", "zaremba-medium")
    assert "recipe   zaremba-medium " in said
    assert "--unit 650" not in said  # as the origin has it
    assert about(tmp_path / "run")["recipe"]["optimizer"] == "sgd"
    assert about(tmp_path / "run")["sizes"]["units"] == 12
    train(*begin, *same, "-u", 12, "--optimizer", "sgd", "--resume")


def test_an_origin_that_is_none(old, text, tmp_path):
    shutil.copytree(old, tmp_path / "untrained")
    (tmp_path / "untrained" / "model.npz").unlink()
    with pytest.raises(UserError, match=r"untrained: holds no trained model yet"):
        refused(text, "-o", tmp_path / "run", "--init-from", tmp_path / "untrained")
    sorter = ROOT / "tests" / "training" / "runs" / "format2" / "classes"
    with pytest.raises(UserError, match=r"classes: holds a classifier, and a language model is needed"):
        refused(text, "-o", tmp_path / "run", "--init-from", sorter)
    with pytest.raises(UserError, match=rf"--init-from {old}: is of text, and .*jacques\.mid is of music"):
        refused(TUNES[0], "-o", tmp_path / "run", "--init-from", old)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("found", 0, r"start\.init_from\.found is 0, must be a whole number, 1 or more"),
        ("weights", "ff", r"start\.init_from\.weights is 'ff', must be 64 hexadecimal digits"),
        ("found", 4, r"was changed: its id is not that of what it says now"),
    ],
)
def test_what_run_json_says_of_it_is_checked(tuned, tmp_path, name, value, reason):
    shutil.copytree(tuned[0], tmp_path / "run")
    said = about(tmp_path / "run")
    said["start"]["init_from"][name] = value
    (tmp_path / "run" / "run.json").write_text(json.dumps(said))
    with pytest.raises(UserError, match=reason):
        load_run(str(tmp_path / "run"))


def test_runs_of_the_first_format_can_be_begun_with(tmp_path, monkeypatch):
    """Their words are cut as they were then, and they have no id."""
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    stored = ROOT / "tests" / "training" / "runs" / "format1"
    files = sorted((stored / "corpus").glob("*.txt"))
    train(*files, "-o", tmp_path / "run", "--init-from", stored / "text", "-b", 2, "-l", 4)
    run = load_run(str(tmp_path / "run"))
    assert run.about["start"]["init_from"]["id"] is None
    assert run.about["corpus"]["text"]["lines"] == "drop"
    assert run.about["start"]["init_from"]["found"] > 10


# Music


@pytest.fixture(scope="module")
def band(tmp_path_factory):
    """A run on music, with settings of its own."""
    out = tmp_path_factory.mktemp("band") / "run"
    train(*TUNES[:2], "-o", out, *MUSIC, "--grid", 12, "--velocities", 4, "--transpose", "0..1", "--track", "all")
    return out


def test_music_becomes_words_as_the_origins_did(band, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    train(TUNES[2], TUNES[0], "-o", tmp_path / "run", "--init-from", band, "-b", 1, "-l", 4)
    used = about(tmp_path / "run")["corpus"]["midi"]
    assert [used[name] for name in ("grid", "velocities", "track", "transpose")] == [12, 4, "all", [0, 0]]
    with pytest.raises(UserError, match=rf"--grid 24: must be 12, as {band} has it"):
        refused(TUNES[2], "-o", tmp_path / "again", "--init-from", band, "--grid", 24)


@pytest.fixture(scope="module")
def keyless(tmp_path_factory):
    """A run on music whose pieces say nothing of themselves."""
    out = tmp_path_factory.mktemp("keyless") / "run"
    train(*TUNES[:2], "-o", out, *MUSIC, "--about", "off")
    return out


@pytest.fixture(scope="module")
def common(tmp_path_factory):
    """A run on music by the usual settings: pieces say what they are, and are learned in one key."""
    out = tmp_path_factory.mktemp("common") / "run"
    train(*TUNES[:2], "-o", out, *MUSIC)
    return out


@pytest.mark.parametrize(
    ("name", "said", "keys"),
    [
        ("common", True, "one"),
        ("band", True, "own"),
        ("keyless", False, "own"),
        ("format1", False, "own"),
        ("format2", False, "own"),
    ],
)
def test_pieces_begin_and_are_moved_as_the_origins_were(request, tmp_path, monkeypatch, name, said, keys):
    """Also where the origin is older than the choice, and whether or not the options say the same."""
    old = name.startswith("format")
    origin = ROOT / "tests" / "training" / "runs" / name / "music" if old else request.getfixturevalue(name)
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    same = ["--about", "on" if said else "off", "--keys", keys]
    for n, options in enumerate(([], same)):
        train(*TUNES, "-o", tmp_path / str(n), "--init-from", origin, "-b", 1, "-l", 4, *options)
        used = about(tmp_path / str(n))["corpus"]["midi"]
        assert (used["about"], used["keys"]) == (said, keys)
    other = "off" if said else "on"
    with pytest.raises(UserError, match=rf"^--about {other}: must be {same[1]}, as {origin} has it \(--init-from\)$"):
        refused(*TUNES, "-o", tmp_path / "new", "--init-from", origin, "--about", other)
    other = "own" if keys == "one" else "one"
    with pytest.raises(UserError, match=rf"^--keys {other}: must be {keys}, as {origin} has it \(--init-from\)$"):
        refused(*TUNES, "-o", tmp_path / "new", "--init-from", origin, "--keys", other)


def test_files_of_words_say_what_pieces_are_as_the_origin_does(common, keyless, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    for name, said in (("said.words", "on"), ("plain.words", "off")):
        how = ["--velocities", 8, "--grid", 24, "--about", said]
        assert run_command("read_midi.py", *TUNES, "-o", tmp_path / name, *how).returncode == 0
    begin = ["-o", tmp_path / "run", "-b", 1, "-l", 4, "--init-from"]
    with pytest.raises(UserError, match=rf"plain\.words: is made with about off, and {common} .* with on: must be the"):
        refused(tmp_path / "plain.words", *begin, common)
    with pytest.raises(UserError, match=rf"said\.words: is made with about on, and {keyless} .* with off: must be the"):
        refused(tmp_path / "said.words", *begin, keyless)
    with pytest.raises(UserError, match=rf"said\.words: is made with keys own, and {common} .* with one: must be the"):
        refused(tmp_path / "said.words", *begin, common)
    train(tmp_path / "plain.words", *begin, keyless)


def test_files_of_words_bring_settings_that_must_be_the_origins(band, tmp_path):
    run_command("read_midi.py", *TUNES[:2], "-o", tmp_path / "tunes.words")
    with pytest.raises(UserError, match=rf"tunes\.words: is made with velocities keep, and {band} .* with 4: must be"):
        refused(tmp_path / "tunes.words", "-o", tmp_path / "again", "--init-from", band, "-b", 1, "-l", 4)
