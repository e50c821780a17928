"""Runs of text and music from Python: what they write, and what they show of themselves."""

import copy
import html.parser
import json
import pathlib
import warnings

import pytest

import tsuzuri
from tests.api.conftest import SMALL, TEXT
from tsuzuri.cli import generate

DRAW = {"length": 12, "seed": 3, "device": "cpu"}
COMMAND = ["--length", "12", "--seed", "3", "-d", "cpu"]
VOID = {"br", "img"}


class Tags(html.parser.HTMLParser):
    """Holds that every tag is closed in its turn, and keeps the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.seen = [], "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_text_is_that_of_the_command(text_run, capsys):
    assert not generate.main([text_run.path, "a", *COMMAND])
    assert text_run.generate("a", **DRAW) + "\n" == capsys.readouterr().out


def test_several_texts_are_those_of_the_command(text_run, tmp_path):
    texts = text_run.generate_many(3, "a b", **DRAW)
    assert len(set(texts)) == 3
    assert all(text.startswith("a b") for text in texts)
    assert not generate.main([text_run.path, "a b", *COMMAND, "-n", "3", "-o", str(tmp_path / "texts")])
    lines = (tmp_path / "texts").read_text().splitlines()
    assert [line for line in lines if "====" not in line] == "\n".join(texts).splitlines()


def test_a_piece_is_that_of_the_command(music_run, tmp_path):
    assert not generate.main([music_run.path, *COMMAND, "--tempo", "90", "-o", str(tmp_path / "tune.mid")])
    tune = music_run.generate(**DRAW, tempo=90)
    assert tune.midi() == (tmp_path / "tune.mid").read_bytes()
    assert round(tune.tempo) == 90
    assert music_run.generate(**DRAW, tempo=90) == tune


def test_several_pieces_differ(music_run):
    pieces = music_run.generate_many(3, **DRAW)
    assert len({tuple(piece.words) for piece in pieces}) == 3


def test_without_a_seed_each_text_is_another(text_run):
    assert len({text_run.generate(length=30) for _ in range(4)}) > 1


def test_a_stream_is_what_generate_returns(text_run, music_run):
    pieces = list(text_run.stream("a b", **DRAW))
    assert len(pieces) > 5
    assert "".join(pieces) == text_run.generate("a b", **DRAW)
    assert list(music_run.stream(**DRAW)) == music_run.generate(**DRAW).words


def test_two_streams_of_a_run_do_not_disturb_each_other(text_run, music_run):
    for run in (text_run, music_run):
        alone = [list(run.stream(length=12, seed=seed, device="cpu")) for seed in (3, 4)]
        one, other = (run.stream(length=12, seed=seed, device="cpu") for seed in (3, 4))
        mixed = [[], []]
        while True:
            items = next(one, None), next(other, None)
            if items == (None, None):
                break
            for kept, item in zip(mixed, items, strict=True):
                kept += [item] * (item is not None)
        assert mixed == alone


def test_a_stream_refuses_before_it_is_read(text_run):
    with pytest.raises(tsuzuri.UserError, match="temperature: hot is not a number"):
        text_run.stream(temperature="hot")


def test_a_piece_goes_on_from_another(music_run):
    first = music_run.generate(**DRAW)
    primed = music_run.generate(first, length=8, seed=1, device="cpu")
    assert primed.words[: len(first.words)] == first.words
    assert len(primed.words) > len(first.words)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bars": 2}, "^bars: is for music"),
        ({"tempo": 90}, "^tempo: is for music"),
        ({"num_samples": 2}, r"num_samples: not an option of generate: generate_many\(count"),
        ({"num_outputs": 2}, "num_samples: not an option of generate"),
        ({"out": "a.txt"}, "out: not an option of generate: save what is returned"),
        ({"start_text": "a"}, "primetext: not an option of generate: the prime is the first argument"),
        ({"model": "run"}, "model: not an option of generate: the run is this one"),
        ({"wav": True}, "wav: not an option of generate: a piece has save"),
        ({"temprature": 1}, "temprature: no such option: did you mean temperature?"),
        ({"temperature": "hot"}, "temperature: hot is not a number"),
        ({"seed": -1}, "seed: -1 is out of range"),
        ({"prime": 5}, "prime: is 5, must be a text"),
        ({"prime": None}, "prime: is None, must be a text"),
        ({"prime": pathlib.Path("a")}, "prime: is a, must be a text"),
    ],
)
def test_foreign_options_are_refused(text_run, options, message):
    with pytest.raises(tsuzuri.UserError, match=message):
        text_run.generate(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sentences": 2}, "^sentences: is for text"),
        ({"words": True}, "words: not an option of generate: a piece has its words"),
        ({"bars": 2, "length": 5}, "^length and bars: give one of length, bars and seconds$"),
        ({"prime": 5}, "prime: is 5, must be a piece, words, or the path of a MIDI file"),
        ({"prime": "nonsense"}, "nonsense"),
    ],
)
def test_foreign_options_are_refused_for_music(music_run, options, message):
    with pytest.raises(tsuzuri.UserError, match=message):
        music_run.generate(**options)


@pytest.mark.parametrize("count", [0, -1, 2.5, None, "many"])
def test_a_count_that_is_none_is_refused(text_run, count):
    with pytest.raises(tsuzuri.UserError, match="count: "):
        text_run.generate_many(count)


def test_an_unknown_word_is_refused_or_warned_of_at_the_callers_line(text_run):
    with pytest.raises(tsuzuri.UserError, match="'zz': not a known word"):
        text_run.generate("a zz", **DRAW)
    calls = {
        "generate": lambda: text_run.generate("a zz", unk="skip", **DRAW),
        "many": lambda: text_run.generate_many(1, "a zz", unk="skip", **DRAW)[0],
        "stream": lambda: "".join(text_run.stream("a zz", unk="skip", **DRAW)),
    }
    for call in calls.values():
        with pytest.warns(UserWarning, match="^without zz$") as caught:
            assert call() == text_run.generate("a", **DRAW)
        assert [warning.filename for warning in caught] == [__file__]
        assert caught[0].lineno in range(*(call.__code__.co_firstlineno + n for n in (0, 1)))


def test_nothing_is_warned_of_without_cause(text_run, music_run):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert text_run.generate("a", **DRAW)
        assert music_run.generate(**DRAW).words


def test_load_tells_the_kinds_apart(text_run, music_run, classifier, tmp_path):
    for run, kind in ((text_run, tsuzuri.TextRun), (music_run, tsuzuri.MusicRun), (classifier, tsuzuri.Classifier)):
        assert type(tsuzuri.load(run.path)) is kind
        assert type(tsuzuri.load(pathlib.Path(run.path))) is kind
    assert [run.kind for run in (text_run, music_run, classifier)] == ["text", "music", "classes"]
    with pytest.raises(tsuzuri.UserError, match="not a run"):
        tsuzuri.load(tmp_path)


def test_load_refuses_another_kind_than_is_asked_for(text_run, music_run):
    assert type(tsuzuri.load(music_run.path, "music")) is tsuzuri.MusicRun
    with pytest.raises(tsuzuri.UserError, match=r": a run of text, not of music$"):
        tsuzuri.load(text_run.path, kind="music")
    with pytest.raises(tsuzuri.UserError, match=r"^kind: is 'tunes', must be one of text, music, classes$"):
        tsuzuri.load(text_run.path, kind="tunes")


def test_a_run_says_what_it_learned(text_run):
    assert text_run.vocabulary[:2] == ["<eos>", "<unk>"]
    assert set(text_run.vocabulary[2:]) == set(TEXT.split())
    log = pathlib.Path(text_run.path, "log.jsonl").read_text().splitlines()
    assert text_run.history == [json.loads(line) for line in log]
    assert [entry["epoch"] for entry in text_run.history] == [1, 2, 3]
    assert text_run.about == json.loads(pathlib.Path(text_run.path, "run.json").read_text())


def test_what_a_run_says_can_be_changed_without_harm(text_run):
    before = copy.deepcopy(text_run.about)
    text_run.about["sizes"]["units"] = 1
    text_run.vocabulary.clear()
    assert text_run.about == before
    assert text_run.generate("a", **DRAW)


def test_a_run_shows_itself(text_run, classifier, pictures):
    known = f"{len(text_run.vocabulary)} words known"
    assert repr(text_run) == f"TextRun({text_run.path!r}, {known}, 3 validations, default recipe)"
    assert repr(classifier).startswith(f"Classifier({classifier.path!r}, ")
    for run in (text_run, classifier):
        page = Tags(run._repr_html_())
        assert run.path in page.text
        (image,) = [attributes for tag, attributes in page.seen if tag == "img"]
        assert image["src"].startswith("data:image/png;base64,")
        picture = run.plot()
        assert picture.png.startswith(b"\x89PNG")
        assert picture._repr_png_() == picture.png
        assert min(picture.size) > 100


def test_a_run_says_by_what_recipe_it_was_trained(tmp_path, text_run):
    run = tsuzuri.train(texts=[TEXT], out=tmp_path / "run", stop=lambda: True, recipe="plain", **SMALL)
    assert (run.about["recipe_name"], text_run.about["recipe_name"]) == ("plain", "default")
    assert "recipeplain" in Tags(run._repr_html_()).text
    path = tmp_path / "run" / "run.json"
    about = json.loads(path.read_text())
    del about["recipe_name"]  # as in runs from before
    path.write_text(json.dumps(about))
    again = tsuzuri.load(run.path)
    assert again.about["recipe_name"] is None
    assert "recipe)" not in repr(again)
    assert "<td>recipe" not in again._repr_html_()
    path.write_text(json.dumps(about | {"recipe_name": 3}))
    with pytest.raises(tsuzuri.UserError, match="recipe_name"):
        tsuzuri.load(run.path)


def test_names_are_escaped(tmp_path):
    path = tmp_path / "<b>&\"'"
    run = tsuzuri.train(texts=[TEXT], out=path, stop=lambda: True, **SMALL)
    page = Tags(run._repr_html_())
    assert str(path) in page.text
    assert [tag for tag, _ in page.seen].count("b") == 1


def test_a_run_without_an_epoch_says_so(tmp_path):
    run = tsuzuri.train(texts=[TEXT], out=tmp_path / "run", stop=lambda: True, **SMALL)
    assert run.history == []
    assert "<img" not in run._repr_html_()
    for call in (run.plot, run.generate):
        with pytest.raises(tsuzuri.UserError, match=r"has no epoch yet|holds no trained model yet"):
            call()


def test_a_picture_is_saved(text_run, pictures, tmp_path):
    text_run.plot().save(tmp_path / "new" / "curves.png")
    assert (tmp_path / "new" / "curves.png").read_bytes() == text_run.plot().png
    for path, message in ((tmp_path / "a.jpg", "must end in .png"), (5, "path: 5 is not a text")):
        with pytest.raises(tsuzuri.UserError, match=message):
            text_run.plot().save(path)
