"""What a classifier begins with: nothing, vectors of words, a language model, another classifier."""

import dataclasses

import numpy
import pytest

from tests.training import create_run
from tests.training.small_run import ABOUT
from tsuzuri import storage
from tsuzuri.cli import options
from tsuzuri.data import dataset
from tsuzuri.errors import UserError
from tsuzuri.models import rnn
from tsuzuri.models.classifier import ClassifierSizes
from tsuzuri.options.classify import TRAIN
from tsuzuri.options.resolve import defaults
from tsuzuri.text import vocabulary
from tsuzuri.training import initialization
from tsuzuri.training.schemas import CLASSIFIER, ClassifierRecipe

WORDS = [*vocabulary.SPECIAL, "good", "elsewhere", "film", "bad"]
UNITS = 5
PAIRS = [(label, [label, f"{label}{n % 2}", *["film"] * n]) for label in ("bad", "good") for n in range(10)]
NEW = ["bad0", "bad1", "good0", "good1"]  # words that no run knows


def language_model(path, **sizes):
    sizes = {"words": len(WORDS), "units": UNITS, "dropout": 0.5, "dropout_on": "layers"} | sizes
    about = ABOUT | {"sizes": sizes}
    run = create_run(path, about | {"tokens": "space"}, vocabulary.Vocabulary(WORDS))
    run.save_best(run.new_model())
    return run


def classifier_run(path, names=("bad", "good"), **sizes):
    settings = {"width": 3, "units": UNITS, "model": "bilstm", "pool": "max"} | sizes
    corpus = {"corpus": [], "pos": [], "neg": [], "valid": [], "test": [], "columns": [None, None]}
    corpus |= {"form": "auto", "encoding": "auto", "valid_fraction": 0.1, "test_fraction": 0.1, "midi": None}
    corpus["split_seed"] = 0
    corpus |= {"n_words": None, "min_count": 1, "maxlen": None, "truncate": None, "fingerprint": ""}
    about = {
        "kind": "classes",
        "classes": list(names),
        "tokens": "english",
        "dictionary": "",
        "case": "fold",
        "sizes": dataclasses.asdict(ClassifierSizes(len(WORDS), classes=len(names), **settings)),
        "recipe": dataclasses.asdict(ClassifierRecipe()),
        "corpus": corpus | {"report": {"classes": {"train": [1] * len(names)}}},
        "start": {},
    }
    run = create_run(path, about, vocabulary.Vocabulary(WORDS), CLASSIFIER)
    run.save_best(run.new_model(), {"history_errs": numpy.zeros((0, 2))})
    return run


def begun(*line, pairs=PAIRS):
    """The sizes, the arrays and what run.json says of them, from the options of a command line; and the data."""
    given = vars(options.Parser("", TRAIN).parse_args([str(word) for word in line]))
    args = defaults(TRAIN) | given
    found = initialization.load_origin(args["init_from"])
    data = dataset.build_dataset(pairs, None, None, held=(0.1, 0.1), seed=0, least=1, known=found.words)
    sizes = initialization.classifier_sizes(args, given.keys(), found, data)
    return sizes, *initialization.initial_weights(args, found, data, sizes), data


def test_chance_is_nothing():
    sizes, arrays, about, data = begun("-u", 9, "--width", 4, "--layers", 2, "--pool", "last", "--dropout-words", 0.25)
    assert (arrays, about, initialization.start_summary(about)) == ({}, {}, "")
    assert sizes == ClassifierSizes(len(data.vocabulary), 4, 9, 2, "lstm", 2, "last", 0.5, 0.25)
    assert initialization.load_origin(None) == initialization.Origin()


def test_a_row_is_as_wide_as_units_and_dropout_has_a_switch():
    sizes, *_ = begun("-u", 9, "--use-dropout", "off", "--model", "bow")
    assert (sizes.width, sizes.dropout, sizes.dropout_words, sizes.model) == (9, 0, 0, "bow")


@pytest.mark.parametrize(("layers", "kept"), [((), ["l1", "l2"]), ((2,), ["l1", "l2"]), ((1,), ["l1"])])
def test_a_language_model_gives_its_rows_by_words_and_its_layers(tmp_path, layers, kept):
    run = language_model(tmp_path)
    theirs = run.best_arrays()
    sizes, arrays, about, data = begun("--init-from", tmp_path, *(f"--layers={n}" for n in layers))
    assert (sizes.model, sizes.layers, sizes.width, sizes.units) == ("lstm", len(kept), UNITS, UNITS)
    wanted = {f"{name}_{side}/{part}" for name in kept for side in "xh" for part in "Wb"}
    assert arrays.keys() == wanted | {"l0/W"}
    assert all((arrays[name] == theirs[name]).all() for name in wanted - {"l1_x/W"})
    assert data.vocabulary.words[: len(WORDS)] == WORDS
    rows, below = arrays["l0/W"][: len(WORDS)], arrays["l1_x/W"]
    assert rows.std() == pytest.approx(initialization.SPREAD, rel=1e-4)
    assert rows / rows[0, 0] == pytest.approx(theirs["l0/W"] / theirs["l0/W"][0, 0], rel=1e-4)
    assert rows @ below.T == pytest.approx(theirs["l0/W"] @ theirs["l1_x/W"].T, abs=1e-5)  # what the layer is given
    assert about["init_from"] == {"run": str(tmp_path), "found": 4, "of": 4 + len(NEW), "arrays": sorted(wanted)}
    assert initialization.start_summary(about).startswith(f"start    {tmp_path}: 4 of 8 words; l1_h/W, l1_h/b")
    shapes = sizes.shapes()
    assert all(array.shape == shapes[name] for name, array in arrays.items())


@pytest.mark.parametrize(
    ("of", "layers", "wanted"),
    [  # layers, units, width, last
        ({"layers": 3, "embed": 4, "tied": True}, None, (3, UNITS, 4, 4)),
        ({"layers": 3, "embed": 4, "tied": True}, 2, (2, UNITS, 4, None)),
        ({"layers": 2, "embed": 4, "tied": True}, 1, (1, UNITS, 4, None)),
        ({"layers": 1, "embed": 4, "tied": True}, None, (1, 4, 4, None)),
        ({"layers": 4, "embed": 7}, None, (4, UNITS, 7, None)),
        ({"layers": 2, "tied": True}, None, (2, UNITS, UNITS, None)),
        ({"layers": 3, "skip": True}, 2, (2, UNITS, UNITS, None)),
    ],
)
def test_a_language_model_of_other_layers_gives_its_first_ones(tmp_path, of, layers, wanted):
    run = language_model(tmp_path, **of)
    theirs = run.best_arrays()
    sizes, arrays, _, _ = begun("--init-from", tmp_path, *([f"--layers={layers}"] if layers else []))
    assert (sizes.layers, sizes.units, sizes.width, sizes.last) == wanted
    assert sizes.skip == of.get("skip", False)
    shapes = sizes.shapes()
    assert {name: array.shape for name, array in arrays.items()} == {name: shapes[name] for name in arrays}
    assert arrays.keys() == {name for name in shapes if not name.startswith("out/")}
    assert all((arrays[name] == theirs[name]).all() for name in arrays.keys() - {"l0/W", "l1_x/W"})


def test_rows_of_words_that_it_does_not_know_are_drawn_like_the_others(tmp_path):
    run = language_model(tmp_path)
    theirs = run.best_arrays()
    theirs["l0/W"] *= 1e-3
    run._write("model.npz", theirs)
    pairs = [(label, [f"{label}{n}"]) for label in "ab" for n in range(200)]
    arrays = begun("--init-from", tmp_path, pairs=pairs)[1]
    drawn = arrays["l0/W"][len(WORDS) :]
    assert len(drawn) > 300
    assert len(numpy.unique(drawn, axis=0)) == len(drawn)
    assert drawn.std() == pytest.approx(initialization.SPREAD, rel=0.3)
    again, other = (begun("--init-from", tmp_path, "--seed", seed, pairs=pairs)[1]["l0/W"] for seed in (0, 1))
    assert (arrays["l0/W"] == again).all()
    assert (again != other).any()


@pytest.mark.parametrize("names", [("bad", "good"), ("good", "ill"), ("a", "b", "c")])
def test_a_classifier_gives_all_but_an_output_layer_of_other_classes(tmp_path, names):
    kept = names == ("bad", "good")
    run = classifier_run(tmp_path, names)
    theirs = run.best_arrays()
    sizes, arrays, about, data = begun("--init-from", tmp_path)
    assert (sizes.model, sizes.layers, sizes.pool, sizes.units, sizes.width) == ("bilstm", 1, "max", UNITS, 3)
    assert sizes.classes == 2
    assert arrays.keys() == {name for name in theirs if kept or not name.startswith("out/")}
    assert (arrays["l0/W"][: len(WORDS)] == theirs["l0/W"]).all()
    assert all((arrays[name] == theirs[name]).all() for name in arrays if name != "l0/W")
    assert about["init_from"]["found"] == 4
    assert len(arrays["l0/W"]) == len(data.vocabulary) == len(WORDS) + len(NEW)


def test_what_an_origin_says_of_its_words(tmp_path):
    model, sorter = language_model(tmp_path / "a"), classifier_run(tmp_path / "b", names=("x", "y"))
    first, second = initialization.load_origin(model.path), initialization.load_origin(sorter.path)
    assert (first.tokens, first.case, first.classes, first.sizes) == ("space", "keep", (), model.sizes)
    assert (second.tokens, second.case, second.classes) == ("english", "fold", ("x", "y"))
    assert first.words == second.words == tuple(WORDS)
    assert isinstance(first.sizes, rnn.Sizes)


def test_vectors_give_rows_and_their_width(tmp_path):
    (tmp_path / "v").write_text("film 1 2 3\ngood -4 5 6\n")
    sizes, arrays, about, data = begun("--vectors", tmp_path / "v", "-u", 4)
    assert (sizes.width, sizes.units) == (3, 4)
    assert arrays.keys() == {"l0/W"}
    assert arrays["l0/W"].shape == (len(data.vocabulary), 3)
    assert arrays["l0/W"][data.vocabulary.ids["film"]].tolist() == [1, 2, 3]
    assert arrays["l0/W"][data.vocabulary.ids["good"]].tolist() == [-4, 5, 6]
    assert (about["vectors"]["found"], about["vectors"]["width"]) == (2, 3)
    assert initialization.start_summary(about).startswith("vectors  ")


@pytest.mark.parametrize(
    ("of", "line", "reason"),
    [
        (language_model, ["-u", 6], "--unit 6: must be 5, as RUN has it"),
        (language_model, ["--width", 4], "--width 4: must be 5, as RUN has it"),
        (
            language_model,
            ["--layers", 3],
            "--layers 3: RUN is a language model of 2 layers, for --model lstm of 1 to 2",
        ),
        (
            lambda path: language_model(path, layers=1),
            ["--layers", 2],
            "--layers 2: RUN is a language model of one layer, for --model lstm of 1",
        ),
        (
            lambda path: language_model(path, embed=4, tied=True),
            ["--width", 5],
            "--width 5: must be 4, as RUN has it",
        ),
        (language_model, ["--model", "bilstm"], "--model bilstm: RUN is a language model of 2 layers"),
        (language_model, ["--model", "flatten", "--maxlen", 3], "--model flatten: RUN is a language model of 2 layers"),
        (language_model, ["--model", "bow"], "--model bow: RUN is a language model"),
        (classifier_run, ["-u", 6], "--unit 6: must be 5, as RUN has it"),
        (classifier_run, ["--width", 5], "--width 5: must be 3, as RUN has it"),
        (classifier_run, ["--layers", 2], "--layers 2: must be 1, as RUN has it"),
        (classifier_run, ["--encoder", "lstm"], "--model lstm: must be bilstm, as RUN has it"),
        (classifier_run, ["--pool", "mean"], "--pool mean: must be max, as RUN has it"),
    ],
)
def test_options_that_a_run_does_not_fit(tmp_path, of, line, reason):
    of(tmp_path)
    with pytest.raises(UserError) as error:
        begun("--init-from", tmp_path, *line)
    assert str(error.value).startswith(reason.replace("RUN", str(tmp_path)))


def test_options_that_say_what_is_so_anyhow(tmp_path):
    classifier_run(tmp_path)
    line = ("--model", "bilstm", "--pool", "max", "-u", 5, "--width", 3, "--layers", 1)
    assert begun("--init-from", tmp_path, *line)[0] == begun("--init-from", tmp_path)[0]


def test_a_width_that_the_vectors_have_not(tmp_path):
    (tmp_path / "v").write_text("film 1 2 3\ngood -4 5 6\n")
    with pytest.raises(UserError, match=r"--width 4: must be 3, as .*v has it"):
        begun("--vectors", tmp_path / "v", "--width", 4)


def test_runs_that_are_none(tmp_path):
    with pytest.raises(UserError, match="none: no such folder"):
        initialization.load_origin(str(tmp_path / "none"))
    run = classifier_run(tmp_path / "b")
    for damaged, reason in (
        (lambda arrays: arrays | {"l9/W": arrays["l0/W"]}, "l9/W is not known"),
        (lambda arrays: arrays | {"out/b": arrays["out/b"][:1]}, r"out/b is float32 \(1,\), not \(2,\)"),
        (lambda arrays: arrays | {"out/b": arrays["out/b"] * numpy.inf}, "out/b holds values that are not finite"),
    ):
        run.save_best(run.new_model(), {"history_errs": numpy.zeros((0, 2))})
        with numpy.errstate(invalid="ignore"):
            storage.write_file(run.file("model.npz"), storage.encode_npz(damaged(run.best_arrays())))
        with pytest.raises(UserError, match=rf"model\.npz: .*{reason}"):
            initialization.load_origin(run.path)
