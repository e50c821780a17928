"""Files of another run, or changed ones, are refused by name; runs of format 1 have nothing to compare."""

import dataclasses
import json
import pathlib
import shutil

import numpy
import pytest

from tests.training.small_run import ABOUT, META, make_run, trained
from tsuzuri.errors import UserError
from tsuzuri.text import vocabulary
from tsuzuri.training.identity import run_identity
from tsuzuri.training.run import load_run, new_run
from tsuzuri.training.schemas import LANGUAGE_MODEL

STORED = pathlib.Path(__file__).parent / "runs" / "format1"
LETTERS = "abcdefghijk"
BEFORE = "095c8b6de3948221d057c6c27b01259280a4bcd17552bad7d82c37f23e3400d9"


@pytest.fixture
def two(tmp_path):
    """Two runs of equal sizes, of other seeds and other words."""
    made = []
    for n, name in enumerate(("one", "two")):
        about = ABOUT | {"recipe": ABOUT["recipe"] | {"seed": n}}
        words = vocabulary.Vocabulary([*vocabulary.SPECIAL, *(LETTERS if n else LETTERS[::-1])])
        run = new_run(str(tmp_path / name), about, words, LANGUAGE_MODEL)
        run.create(b"")
        run.save_best(run.new_model())
        run.save_checkpoint(*trained(run), META)
        made.append(tmp_path / name)
    return made


def use(path):
    run = load_run(str(path))
    return run.load_best(), run.load_checkpoint()


@pytest.mark.parametrize("name", ["vocabulary.txt", "model.npz", "checkpoint.npz", "run.json"])
def test_a_file_of_another_run_of_equal_sizes_is_named(two, name):
    use(two[0])
    shutil.copy(two[1] / name, two[0] / name)
    named = "vocabulary.txt" if name == "run.json" else name
    with pytest.raises(UserError, match=f"^{two[0] / named}: not of the run that run.json describes"):
        use(two[0])


def test_weights_of_another_run_are_named_before_a_training_goes_on(two):
    shutil.copy(two[1] / "model.npz", two[0] / "model.npz")
    with pytest.raises(UserError, match=r"model\.npz: not of the run that run\.json describes: it is another run's"):
        load_run(str(two[0])).load_checkpoint()


def test_weights_without_an_id_may_be_another_programs_but_a_checkpoint_may_not(two):
    for name in ("model.npz", "checkpoint.npz"):
        with numpy.load(two[0] / name) as arrays:
            kept = {name: arrays[name] for name in arrays.files if name != "run"}
        numpy.savez(two[0] / name, **kept)
    assert load_run(str(two[0])).load_best()
    with pytest.raises(UserError, match=r"checkpoint\.npz: not of the run .*: it says of no run that it is its"):
        load_run(str(two[0])).load_checkpoint()


@pytest.mark.parametrize("position", range(14, 36))
def test_no_byte_of_a_vocabulary_changes_unseen(two, position):
    """Behind the two words that all vocabularies begin with."""
    path = two[0] / "vocabulary.txt"
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 0x01
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"vocabulary\.txt"):
        load_run(str(two[0]))


def test_plain_numpy_opens_a_model_and_finds_the_id(two):
    with numpy.load(two[0] / "model.npz", allow_pickle=False) as arrays:
        assert arrays["l0/W"].dtype == "f"
        assert arrays["run"].tobytes().hex() == json.loads((two[0] / "run.json").read_text())["id"]


def test_an_id_is_of_what_never_changes_and_of_no_place():
    about = ABOUT | {"vocabulary": "0" * 64, "vectors": {"file": "/a/glove.txt", "total": 3}}
    same = {"epoch": 9, "patience": 9, "precision": "bfloat16"}
    for changed in (
        about | {"recipe": about["recipe"] | same},
        about | {"corpus": about["corpus"] | {"corpus": ["/elsewhere"]}},
        about | {"vectors": {"file": "/b/glove.txt", "total": 3}},
    ):
        assert run_identity(changed) == run_identity(about)
    for changed in (
        about | {"recipe": about["recipe"] | {"seed": 9}},
        about | {"sizes": about["sizes"] | {"units": 6}},
        about | {"corpus": about["corpus"] | {"fingerprint": "x"}},
        about | {"vocabulary": "1" * 64},
        about | {"vectors": None},
    ):
        assert run_identity(changed) != run_identity(about)


def test_what_could_be_chosen_later_is_no_part_of_the_id_where_it_is_as_before():
    """The id is that of the program that had no such fields."""
    about = ABOUT | {"vocabulary": "0" * 64}
    before = about | {"recipe": {name: value for name, value in about["recipe"].items() if name != "windows"}}
    assert run_identity(about) == run_identity(before) == BEFORE
    for changed in (
        about | {"recipe": about["recipe"] | {"windows": "documents"}},
        about | {"corpus": about["corpus"] | {"beginnings": "1" * 64}},
    ):
        assert run_identity(changed) != BEFORE


def test_a_run_of_format_2_lacks_no_mark(tmp_path):
    run = make_run(tmp_path)
    for name in ("id", "vocabulary"):
        (tmp_path / "run.json").write_text(json.dumps(run.about | {name: None}))
        with pytest.raises(UserError, match=f"{name} is missing"):
            load_run(str(tmp_path))


def test_an_old_run_has_no_marks_and_gains_none(tmp_path):
    place = shutil.copytree(STORED / "text", tmp_path / "run")
    run = load_run(str(place))
    assert (run.about["format"], run.about["id"], run.about["vocabulary"]) == (1, None, None)
    run.save_best(run.load_best())
    with numpy.load(place / "model.npz") as arrays:
        assert "run" not in arrays.files


@pytest.mark.parametrize(
    ("field", "value"), [("lr", 0.9), ("seed", 77), ("dropout", 0.9), ("tokens", "space"), ("normalize", "nfkc")]
)
def test_a_run_json_that_was_changed_is_refused(two, field, value):
    about = json.loads((two[0] / "run.json").read_text())
    place = next(place for place in (about, about["recipe"], about["sizes"], about["corpus"]["text"]) if field in place)
    place[field] = value
    (two[0] / "run.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match=r"run\.json: was changed: its id is not that of what it says now"):
        use(two[0])


def test_what_may_change_of_a_run_json_is_no_part_of_its_id(two):
    run = load_run(str(two[0]))
    run.save_recipe(dataclasses.replace(run.recipe, epoch=99, patience=9))
    assert load_run(str(two[0])).recipe.epoch == 99
