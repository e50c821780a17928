"""Scores of texts and music: every word counted once, from the state in which a text begins, as the literature does."""

import math
import pathlib

import numpy
import pytest

import tsuzuri
from tests.api.conftest import TEXT, TUNES
from tsuzuri.api import corpora, scored_inputs, scoring
from tsuzuri.data.corpus import build_text_corpus
from tsuzuri.midi.words.collect import collect_pieces
from tsuzuri.midi.words.settings import settings_from_json
from tsuzuri.midi.words.wordfile import write_word_file
from tsuzuri.text.settings import TextSettings
from tsuzuri.text.spelling import SpellingModel
from tsuzuri.training.run import load_run

LINES = "a d a .\nb zebra <unk>\n\nc f c ."


def slow_nats(run, words):
    """-log p of each word, one step after the other, a line end having been read before the first."""
    loaded = load_run(run.path)
    model = loaded.load_best()
    nats, last = [], 0
    for word in words:
        logits = model.step(numpy.array([last], "i"))[0].astype("d")
        last = loaded.vocabulary.ids.get(word, 1)
        nats.append(math.log(numpy.exp(logits).sum()) - logits[last])
    return nats


def test_surprisals_are_those_of_one_step_after_the_other(text_run):
    score = text_run.score(LINES)
    wanted = slow_nats(text_run, f"{LINES}\n".replace("\n", " <eos> ").split())
    assert [word.surprisal * math.log(2) for word in score.words] == pytest.approx(wanted)
    assert sum(word.surprisal for word in score.words) == pytest.approx(sum(wanted) / math.log(2))
    assert score.loss == pytest.approx(numpy.mean(wanted))
    assert score.perplexity == pytest.approx(math.exp(numpy.mean(wanted)))
    assert "".join(word.text for word in score.words) == LINES + "\n"


def test_bits_a_character_have_the_spelling_of_unknown_words(text_run):
    score = text_run.score(LINES)
    assert [word.text for word in score.words if not word.known] == [" zebra"]
    assert score.unknown == 1
    assert score.characters == len(LINES) + 1
    model = SpellingModel(text_run.vocabulary[2:])
    spelled = {word.text: word.spelling for word in score.words if word.spelling}
    wanted = {" zebra": model.nats("zebra"), " <unk>": model.nats("")}  # the text's own is no unknown word
    assert spelled == pytest.approx({word: nats / math.log(2) for word, nats in wanted.items()})
    bits = sum(word.surprisal for word in score.words) + sum(spelled.values())
    assert score.bits_per_character == pytest.approx(bits / score.characters)


def test_many_words_are_scored_as_few(text_run, monkeypatch):
    plain = text_run.score(TEXT)
    monkeypatch.setattr(scoring, "STEPS", 7)
    assert text_run.score(TEXT) == plain


def test_a_file_is_read_as_a_part_of_the_corpus_is(tmp_path):
    """So that ``--score`` of the file of ``--test`` tells its perplexity."""
    (tmp_path / "train.txt").write_text(TEXT)
    test = tmp_path / "test.txt"
    test.write_text(LINES.replace("zebra", "e\u0301"), encoding="utf-16")
    out = tmp_path / "run"
    told = []
    options = {"tokens": "space", "unit": 5, "batchsize": 3, "bproplen": 6, "epoch": 1, "min_count": 1, "device": "cpu"}
    run = tsuzuri.train([tmp_path / "train.txt"], out, test=[test], callback=told.append, **options)
    corpus = build_text_corpus([str(tmp_path / "train.txt")], test=[str(test)], settings=TextSettings(tokens="space"))
    loaded = load_run(run.path)
    words = scored_inputs.words_of_file(loaded, str(test), told.append)
    assert loaded.vocabulary.encode(words).tolist() == corpus.test.tolist()
    score = run.score(test)
    assert score == run.score(test.read_text(encoding="utf-16"))
    (line,) = [event.text for event in told if getattr(event, "kind", "") == "test"]
    bits = float(line.split(" bits a character")[0].split()[-1])
    assert score.bits_per_character == pytest.approx(bits, rel=0.1)  # which counts the first word as the mean


def test_the_cache_and_the_adaptation_change_what_comes_later(text_run):
    plain = text_run.score(TEXT * 3)
    cached, adapted = text_run.score(TEXT * 3, cache=True), text_run.score(TEXT * 3, adapt=True)
    assert cached.words[0] == adapted.words[0] == plain.words[0]
    assert max(cached.loss, adapted.loss) < plain.loss
    both = text_run.score(TEXT * 3, cache=True, adapt=True)
    assert both.loss not in (cached.loss, adapted.loss)
    assert text_run.score(TEXT * 3) == plain  # nothing of the run has changed


def test_music_is_scored_by_the_note(music_run, tmp_path):
    path = TUNES[0]
    score = music_run.score(path)
    words = [word.text.strip() for word in score.words]
    wanted = slow_nats(music_run, [word or "<eos>" for word in words])
    assert [word.surprisal * math.log(2) for word in score.words] == pytest.approx(wanted)
    piece = tsuzuri.read_midi(path)
    assert score.notes == len(piece.notes)
    assert score.bits_per_note == pytest.approx(sum(wanted) / math.log(2) / score.notes)
    assert (score.characters, score.bits_per_character) == (None, None)
    assert "bits_per_character" not in score.summary()
    assert music_run.score(piece).notes == score.notes


@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("n", [0, 1])
def test_files_of_words_are_scored_as_the_midi_file_that_they_are_of(music_run, tmp_path, n, said):
    """Whether or not they say what they are, for a run that learned pieces in one key that do; as its ``--test`` is."""
    run = load_run(music_run.path)
    learned = run.about["corpus"]["midi"]
    assert (learned["about"], learned["keys"]) == (True, "one")
    written = settings_from_json({**learned, "about": said, "keys": "own"})
    words = str(tmp_path / "tune.words")
    (piece,) = collect_pieces([str(TUNES[n])], written).pieces
    write_word_file(words, written, [piece], {})
    whole, found = music_run.score(TUNES[n]), music_run.score(pathlib.Path(words))
    assert "".join(word.text for word in whole.words).split()[-len(piece.words) :] != piece.words, "it is moved"
    assert found == whole
    parts = [
        corpora.read_corpus(run.about["corpus"] | {"test": [path]}, run.recipe).test for path in (words, str(TUNES[n]))
    ]
    assert parts[0].tolist() == parts[1].tolist() != []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (5, "text: is 5, must be a text, or a path"),
        ("", "the text: is empty"),
        (" \n ", "the text: holds no text"),
        ("\ud800", "is none of Unicode"),
        (pathlib.Path("nowhere.txt"), "nowhere.txt: no such file or folder"),
        (TUNES[0], "is a MIDI file, and .* was trained on text"),
    ],
)
def test_what_is_no_text_is_refused(text_run, text, message):
    with pytest.raises(tsuzuri.UserError, match=message):
        text_run.score(text)


def test_what_is_no_music_is_refused(music_run, tmp_path):
    (tmp_path / "a.txt").write_text("no music")
    with pytest.raises(tsuzuri.UserError, match="no MIDI that can be read"):
        music_run.score(tmp_path / "a.txt")
    with pytest.raises(tsuzuri.UserError, match="piece: is 5, must be a piece"):
        music_run.score(5)


def test_scoring_is_no_option_of_generating(text_run):
    with pytest.raises(tsuzuri.UserError, match=r"score: not an option of generate: score\(text\) scores a text"):
        text_run.generate(score="a.txt")
