"""What a language model has from another: rows of words by name, new ones like them, and all else as it is."""

import dataclasses

import numpy
import pytest

from tests.training import create_run
from tests.training.small_run import ABOUT
from tsuzuri.errors import UserError
from tsuzuri.midi.words import settings
from tsuzuri.models.rnn import Sizes
from tsuzuri.text.vocabulary import SPECIAL, Vocabulary
from tsuzuri.training import transfer
from tsuzuri.training.schedules import SCHEDULES, learning_rate
from tsuzuri.training.schemas import LanguageModelRecipe

OLD = Vocabulary([*SPECIAL, "a", "b", "c", "d", "e"])
NEW = Vocabulary([*SPECIAL, "d", "x", "a", "y"])
PLACES = [0, 1, 5, None, 2, None]  # of the new words in the old ones


def origin_of(path, **sizes):
    made = Sizes(len(OLD), 6, **sizes)
    run = create_run(path, ABOUT | {"sizes": dataclasses.asdict(made)}, OLD)
    model = run.new_model()
    for param in model.params():
        param.array += numpy.random.default_rng(1).normal(size=param.shape).astype("f")  # biases are zeros
    run.save_best(model)
    return transfer.open_origin(str(path), "elsewhere")


@pytest.mark.parametrize("sizes", [{}, {"tied": True, "embed": 4}, {"layers": 3}, {"layers": 1, "tied": True}])
def test_each_word_has_its_rows_and_the_layers_are_as_they_were(tmp_path, rng, sizes):
    origin = origin_of(tmp_path, **sizes)
    arrays, about = transfer.transferred_weights(origin, NEW, 0, rng)
    shapes = dataclasses.replace(origin.run.sizes, words=len(NEW)).shapes()
    assert {name: array.shape for name, array in arrays.items()} == shapes
    assert {array.dtype.name for array in arrays.values()} == {"float32"}
    by_word = {name for name, shape in shapes.items() if shape[0] == len(NEW) and name[:2] != "l1"}
    assert len(by_word) == 2 if sizes.get("tied") else 3
    for name, array in arrays.items():
        if name not in by_word:
            assert array is origin.arrays[name]
            continue
        for row, place in zip(array, PLACES, strict=True):
            assert [numpy.array_equal(row, old) for old in origin.arrays[name]] == [n == place for n in range(7)]
    assert about["init_from"] == {
        "run": str(tmp_path),
        "id": origin.run.about["id"],
        "weights": about["init_from"]["weights"],
        "found": 2,
        "of": 4,
    }
    assert transfer.transfer_summary(about).startswith(f"start    {tmp_path}: 2 of the corpus's 4 words, ")


def test_a_new_run_has_the_origins_options_unless_they_are_given_as_the_same(tmp_path):
    origin = origin_of(tmp_path, layers=3)
    words = {"tokens": "char", "dictionary": "unidic-lite", "user_dictionary": None, "normalize": "none"}
    sizes = {"unit": 6, "layers": 3, "embed": None, "tie": False, "skip": False, "lookback": False}
    all_of_them = {**sizes, **words, "lines": "drop"}
    assert transfer.inherited_options(origin, {"epoch": 3}) == all_of_them
    left = {name: value for name, value in all_of_them.items() if name not in ("embed", "tie", "lines")}
    same = {"embed": 6, "tie": False, "tokens": "auto", "lines": "keep"}
    assert transfer.inherited_options(origin, same) == left  # auto is as the origin has it
    with pytest.raises(UserError, match=f"^--embed 7: must be 6, as {tmp_path} has it"):
        transfer.inherited_options(origin, {"embed": 7})


def test_old_runs_on_music_are_read_as_everywhere_else():
    assert transfer.OLD_MUSIC.items() <= settings.LATER.items()
    assert transfer.OLD_MUSIC.keys() == set(transfer.WORDS["music"]) & settings.LATER.keys()


def test_new_rows_have_the_mean_and_the_covariance_of_the_old_words(rng):
    mixed = rng.normal(size=(5, 5))
    table = (rng.normal(size=(4000, 5)) @ mixed + [0, 3, -2, 1, 0]).astype("f")
    table[: len(SPECIAL)] = 1e3  # which would show
    new = transfer.rows_of(table, numpy.full(20_000, -1), rng)
    examples = table[len(SPECIAL) :]
    scale = numpy.abs(numpy.cov(examples.T)).max()
    assert new.dtype == numpy.float32
    assert numpy.abs(new.mean(axis=0) - examples.mean(axis=0)).max() < 0.05 * scale**0.5
    assert numpy.abs(numpy.cov(new.T) - numpy.cov(examples.T)).max() < 0.05 * scale


def test_the_same_seed_draws_the_same_rows_and_one_old_word_is_enough():
    table, old = numpy.arange(6, dtype="f").reshape(3, 2), numpy.array([2, -1, 0])
    rows = [transfer.rows_of(table, old, numpy.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert rows[0].tobytes() == rows[1].tobytes() == rows[2].tobytes()  # a single row has no spread
    assert rows[0].tolist() == [[4, 5], [4, 5], [0, 1]]
    table = numpy.arange(20, dtype="f").reshape(5, 4) ** 2
    drawn = [transfer.rows_of(table, old, numpy.random.default_rng(seed)).tobytes() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_corpus_of_other_words_is_refused(tmp_path, rng):
    """Also where words of the origin, none of them in the corpus, are kept."""
    origin = origin_of(tmp_path)
    with pytest.raises(UserError, match=r"knows no word of the corpus, such as 'd', 'x', 'a'"):
        transfer.transferred_weights(origin, NEW, 2, rng)
    words = Vocabulary([*SPECIAL, "x", "y", "z", "w"])
    with pytest.raises(UserError, match=f"^--init-from {tmp_path}: knows no word of the corpus, such as 'x', 'y', 'z'"):
        transfer.transferred_weights(origin, words, 0, rng)


def test_weights_that_learned_more_are_told_apart(tmp_path, rng):
    origin = origin_of(tmp_path)
    before = transfer.transferred_weights(origin, NEW, 0, rng)[1]["init_from"]
    origin.arrays["l1_h/b"][3] += 1
    after = transfer.transferred_weights(origin, NEW, 0, rng)[1]["init_from"]
    assert after["weights"] != before["weights"]
    assert {**after, "weights": 0} == {**before, "weights": 0}


def howard_and_ruder(t, total, highest, cut_frac=0.1, ratio=32):
    """Their formula, step t of ``total``."""
    cut = total * cut_frac
    p = t / cut if t < cut else 1 - (t - cut) / (cut * (1 / cut_frac - 1))
    return highest * (1 + p * (ratio - 1)) / ratio


@pytest.mark.parametrize("warmup", [0.0, 0.3])
def test_a_slanted_triangle_is_that_of_the_paper(warmup):
    recipe = LanguageModelRecipe(schedule="slanted", lr=0.004, warmup=warmup)
    rates = [learning_rate(recipe, 7.0, t / 200) for t in range(201)]
    assert rates == pytest.approx([howard_and_ruder(t, 200, 0.004, warmup or 0.1) for t in range(201)])
    assert max(rates) == rates[round(200 * (warmup or 0.1))] == pytest.approx(0.004)
    assert rates[0] == rates[-1] == pytest.approx(0.004 / 32)
    assert SCHEDULES["slanted"]
