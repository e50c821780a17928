"""What may be asked of a text or a piece: filters, stop texts, the best of several, beginnings, brackets, signs."""

import dataclasses
import gzip
import io
import itertools
import os
import re
import sys
import threading
import warnings

import numpy
import pytest

import tsuzuri
from tests.api.conftest import SMALL
from tsuzuri.api import drawing, prompts, scored_inputs
from tsuzuri.cli import generate
from tsuzuri.models.rnn import RNN
from tsuzuri.training.run import load_run

DRAW = {"length": 30, "device": "cpu"}
QUOTED = "".join(f"「{a} {b} 。 」 {a} {b} 。\n『 {b} 「 {a} 」 』\n" for a in "abc" for b in "defgh")


@pytest.fixture(scope="module")
def quoting_run(tmp_path_factory):
    """A run of text with quotations, trained a little."""
    out = tmp_path_factory.mktemp("quoting") / "run"
    return tsuzuri.train(texts=[QUOTED.replace("「", "「 ")], out=out, sample_every=0, **SMALL | {"unit": 8})


def balanced(text):
    stack = []
    for c in text:
        if c in "「『":
            stack.append({"「": "」", "『": "』"}[c])
        elif c in "」』" and (not stack or stack.pop() != c):
            return False
    return not stack


@pytest.mark.parametrize("how", [{"length": 23}, {"sentences": 2}, {"length": 9, "temperature": 2}], ids=str)
def test_brackets_are_closed(quoting_run, how):
    texts = quoting_run.generate_many(250, seed=1, device="cpu", **how)
    assert all(map(balanced, texts))
    assert all(balanced(line) for text in texts for line in text.split("\n"))
    assert sum("「" in text for text in texts) > 60
    free = quoting_run.generate_many(250, seed=1, device="cpu", brackets=False, **how)
    assert sum(map(balanced, free)) < 200


def test_what_the_corpus_opens_inside_nothing_is_not_opened_there(quoting_run):
    brackets = quoting_run._run.about["corpus"]["report"]["brackets"]
    assert brackets["inside"] == ["『「"]
    texts = [text.replace(" ", "") for text in quoting_run.generate_many(250, seed=1, length=40, device="cpu")]
    assert not any(re.search("「[^」]*『", text) for text in texts)
    try:
        held = brackets.pop("inside")  # as the first runs that knew of brackets
        older = quoting_run.generate_many(250, seed=1, length=40, device="cpu")
        assert any(re.search("「[^」]*『", text) for text in older)
        brackets["inside"] = ["「x"]
        with pytest.raises(tsuzuri.UserError, match=r"run.json: damaged.*corpus.report.brackets.inside"):
            quoting_run.generate(seed=3, **DRAW)
    finally:
        brackets["inside"] = held


def test_the_brackets_of_a_prime_are_closed(quoting_run):
    for text in quoting_run.generate_many(20, "「 a 『 d", seed=1, length=8, device="cpu"):
        assert text.startswith("「 a 『 d")
        assert balanced(text)


def test_a_run_that_does_not_know_its_brackets_writes_as_it_did(quoting_run, monkeypatch):
    free, closed = (quoting_run.generate(seed=3, brackets=on, **DRAW) for on in (False, True))
    assert free != closed
    report = quoting_run._run.about["corpus"]["report"]
    kept = dict(report)
    try:
        del report["brackets"]
        assert quoting_run.generate(seed=3, **DRAW) == free
        assert balanced(quoting_run.generate(seed=3, brackets=True, **DRAW))
        report["brackets"] = {"pairs": ["xy"], "lines": 1}
        with pytest.raises(tsuzuri.UserError, match=r"run.json: damaged.*corpus.report.brackets"):
            quoting_run.generate(seed=3, **DRAW)
    finally:
        report.update(kept)


def sign_pairs(texts):
    """The pairs of signs in texts, the first after a line end."""
    return {pair for text in texts for pair in re.findall(r"(?=([\n.,][\n.,]))", "\n" + text.replace(" ", ""))}


def test_signs_that_the_corpus_never_has_side_by_side_are_not_drawn_so(tmp_path):
    text = "".join(f"{a} , {b} .\n" for a in "abcde" for b in "defghijk")
    run = tsuzuri.train(texts=[text], out=tmp_path / "run", sample_every=1, **SMALL | {"epoch": 1})
    report = run._run.about["corpus"]["report"]
    assert report["signs"] == {"\n": "", ",": "", ".": "\n"}
    free, kept = (run.generate_many(50, seed=1, signs=on, **DRAW) for on in (False, None))
    assert sign_pairs(kept) <= {".\n"}
    assert len(sign_pairs(free)) > 5
    known = report.pop("signs")
    assert run.generate_many(50, seed=1, **DRAW) == free, "as runs from before"
    with pytest.raises(tsuzuri.UserError, match=r"signs: on is for runs that know .*run is older: must be off"):
        run.generate(signs=True, **DRAW)
    report["signs"] = known | {"?!": ""}
    with pytest.raises(tsuzuri.UserError, match=r"run.json: damaged.*corpus.report.signs is .*must be an object: of"):
        run.generate(**DRAW)
    assert run.generate_many(50, seed=1, signs=False, **DRAW) == free


FILTERS = {"repetition_penalty": 50, "no_repeat": 2, "min_p": 0.97, "typical": 0.2}


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_changes_what_is_drawn(text_run, music_run, name):
    for run in (text_run, music_run):
        plain, filtered = (run.generate(seed=2, **DRAW, **how) for how in ({}, {name: FILTERS[name]}))
        assert plain != filtered


def test_a_cache_changes_what_is_drawn_unless_all_words_are_common(text_run, music_run, monkeypatch):
    for run in (text_run, music_run):
        plain, cached, again = (run.generate_many(2, seed=2, cache=cache, **DRAW) for cache in (False, True, True))
        assert plain != cached == again
        assert cached[0] != cached[1]
    each = [text_run.generate_each(["a", "b g b .\nc"], seed=6, cache=cache, **DRAW) for cache in (False, True)]
    assert each[0] != each[1]
    assert "".join(text_run.stream(seed=2, cache=True, **DRAW)) == text_run.generate(seed=2, cache=True, **DRAW)
    monkeypatch.setattr(drawing, "COMMON", 1)
    monkeypatch.setattr(RNN, "writer", None)  # a GPU's, which knows no cache, is not asked for
    assert music_run.generate_many(2, seed=2, cache=True, **DRAW) == plain


def test_the_best_of_several_with_a_cache_is_the_likeliest_by_the_model(text_run):
    rows = text_run.generate_many(4, seed=5, cache=True, **DRAW)
    best = text_run.generate(seed=5, best_of=4, cache=True, **DRAW)
    assert best == max(rows, key=lambda text: score(text_run, text))


def test_no_phrase_comes_twice(text_run):
    words = text_run.generate("a d", seed=2, no_repeat=3, length=60, device="cpu").replace("\n", " \n ").split(" ")
    phrases = list(zip(words, words[1:], words[2:], strict=False))
    assert len(phrases) == len(set(phrases)) > 30


def test_a_text_ends_before_its_stop_text(text_run):
    text = text_run.generate("a", seed=4, **DRAW)
    for stop in ("\n", ". \n", text[9:14], text[-1]):
        found = text_run.generate("a", seed=4, stop=stop, **DRAW)
        assert found == "a" + text[1 : text.find(stop, 1) if stop in text[1:] else None]
        assert "".join(text_run.stream("a", seed=4, stop=[stop, "zz"], **DRAW)) == found
    with pytest.raises(tsuzuri.UserError, match=r"^stop: must be a text of one character or more"):
        text_run.generate(stop="")


def score(run, text):
    """The mean log-probability of a text's words, word by word by the model itself."""
    run = load_run(run.path)
    model, ids = run.load_best(), [0]
    model.reset_state()
    ids += [run.vocabulary.ids["<eos>" if w == "\n" else w] for w in text.replace("\n", " \n ").split(" ") if w]
    chances = []
    for i, following in itertools.pairwise(ids):
        logits = model.step(numpy.array([i], "i"))[0].astype("d")
        chances.append(logits[following] - numpy.log(numpy.exp(logits).sum()))
    return numpy.mean(chances)


def test_the_best_of_several_is_the_likeliest(text_run):
    rows = text_run.generate_many(6, seed=5, **DRAW)
    best = [text_run.generate_many(2, seed=5, best_of=3, **DRAW)]
    wanted = [max(rows[start : start + 3], key=lambda text: score(text_run, text)) for start in (0, 3)]
    assert best == [wanted]
    assert text_run.generate(seed=5, best_of=6, **DRAW) == max(rows, key=lambda text: score(text_run, text))
    assert "".join(text_run.stream(seed=5, best_of=6, **DRAW)) == text_run.generate(seed=5, best_of=6, **DRAW)


@pytest.mark.parametrize("greedy", [{"temperature": 0}, {"top_k": 1}])
def test_a_choice_of_nothing_but_the_same_is_told(text_run, music_run, greedy, capsys):
    ((name, value),) = greedy.items()
    told = f"best_of=2 had nothing to choose from: all 2 were the same ({name}={value} always takes the likeliest word)"
    with pytest.warns(UserWarning, match=f"^{re.escape(told)}$"):
        text_run.generate_many(2, best_of=2, length=5, device="cpu", **greedy)
    with pytest.warns(UserWarning, match=f"^{re.escape(told)}$"):
        music_run.generate(best_of=2, length=4, device="cpu", **greedy)
    option = f"--{name.replace('_', '-')}"
    assert not generate.main([text_run.path, "--best-of", "2", "--length", "5", option, str(value), "--seed", "1"])
    note = f"note: --best-of 2 had nothing to choose from: all 2 were the same ({option} {value} always takes"
    assert sum(line.startswith(note) for line in capsys.readouterr().err.splitlines()) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text_run.generate(best_of=9, seed=5, **DRAW)
        text_run.generate(length=5, device="cpu", **greedy)


def test_the_best_of_several_pieces(music_run):
    pieces = music_run.generate_many(4, seed=5, **DRAW)
    best = music_run.generate(seed=5, best_of=4, **DRAW)
    assert best.words in [piece.words for piece in pieces]
    assert list(music_run.stream(seed=5, best_of=4, **DRAW)) == best.words


def test_a_text_for_each_beginning(text_run):
    primes = ["a", "b g b .\nc", "", "c d"]
    texts = text_run.generate_each(primes, seed=6, **DRAW)
    assert len(texts) == 4
    assert all(text.startswith(prime) for text, prime in zip(texts, primes, strict=True))
    for options, message in (
        ({"primes": ["a", "b zz"]}, r"^primes\[1\]: 'zz': not a known word"),
        ({"primes": []}, "must be a list of one text or more"),
        ({"primes": ["a", 5]}, "must be a list of one text or more"),
        ({"primes": "a"}, "must be a list of texts"),
        ({"primes": ["a"], "prompts": "file"}, r"prompts: not an option of generate: generate_each\(primes"),
    ):
        with pytest.raises(tsuzuri.UserError, match=message):
            text_run.generate_each(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repetition_penalty": 0.9}, "repetition_penalty: 0.9 is out of range: must be 1 or more"),
        ({"no_repeat": 0}, "no_repeat: 0 is out of range: must be 1 or more"),
        ({"min_p": 1.1}, "min_p: 1.1 is out of range: must be 0 or more, at most 1"),
        ({"typical": 0}, "typical: 0 is out of range: must be above 0, at most 1"),
        ({"best_of": 0}, "best_of: 0 is out of range"),
        ({"brackets": "round"}, "brackets: round is unknown: must be on or off"),
        ({"signs": 2}, "signs: 2 is unknown: must be on or off"),
        ({"best_of": 60_000, "count": 2}, "120,000 to draw side by side: must be at most 65,536"),
    ],
)
def test_what_is_out_of_range_is_refused(text_run, options, message):
    with pytest.raises(tsuzuri.UserError, match=message):
        text_run.generate_many(options.pop("count", 1), **options)


@pytest.mark.parametrize("name", ["stop", "brackets", "signs"])
def test_music_has_none(music_run, name):
    with pytest.raises(tsuzuri.UserError, match=f"{name}: is for text"):
        music_run.generate(**{name: {"stop": "a"}.get(name, False)})


# Of the command


def test_prompts_of_a_file(text_run, tmp_path, capsys):
    path = tmp_path / "prompts.txt"
    path.write_bytes("\ufeffa\r\n\r\nb g\r\n".encode())
    command = [text_run.path, "--prompts", str(path), "--length", "8", "--seed", "1", "-d", "cpu"]
    assert not generate.main(command)
    parts = re.split(r"^======== (.*) ========\n", capsys.readouterr().out, flags=re.MULTILINE)
    assert parts[1::2] == ["prompt 1 of 2: a", "prompt 2 of 2: b g"]
    assert [part.startswith(start) for part, start in zip(parts[2::2], ("a", "b g"), strict=True)] == [True] * 2
    assert parts[2::2] == [text + "\n" for text in text_run.generate_each(["a", "b g"], length=8, seed=1, device="cpu")]

    assert not generate.main([*command, "-n", "2", "--best-of", "2"])
    found = capsys.readouterr()
    assert "======== prompt 2 of 2, text 1 of 2: b g ========\nb g" in found.out
    assert re.search(r"^best of 2: (-\d\.\d\d, ){3}-\d\.\d\d nats a word$", found.err, re.MULTILINE)
    assert not generate.main([*command, "-n", "2", "-o", f"{tmp_path}/texts/"])
    names = [f"run-1-{prompt}-{n}.txt" for prompt in (1, 2) for n in (1, 2)]
    assert sorted(file.name for file in (tmp_path / "texts").iterdir()) == names
    assert (tmp_path / "texts" / names[3]).read_text().startswith("b g")


@pytest.mark.parametrize("way", ["pipe", "gzip", "standard input", "gzip through it"])
def test_prompts_come_by_other_ways_too(text_run, tmp_path, capsys, monkeypatch, way):
    data, path, command = b"a\n\nb g\n", str(tmp_path / "prompts"), ["--length", "8", "--seed", "1", "-d", "cpu"]
    if way == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("there are no named pipes here")
        os.mkfifo(path)
        threading.Thread(target=(tmp_path / "prompts").write_bytes, args=(data,), daemon=True).start()
    elif way == "gzip":
        (tmp_path / "prompts").write_bytes(gzip.compress(data))
    else:
        path = "-"
        packed = gzip.compress(data) if way == "gzip through it" else data
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    assert not generate.main([text_run.path, "--prompts", path, *command])
    shown = re.split(r"^======== .* ========\n", capsys.readouterr().out, flags=re.MULTILINE)[1:]
    assert shown == [text + "\n" for text in text_run.generate_each(["a", "b g"], length=8, seed=1, device="cpu")]


def test_a_bad_prompt_of_standard_input_is_told_by_its_line(text_run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\nb zz\n")))
    with pytest.raises(tsuzuri.UserError, match=r"^standard input, line 2: 'zz': not a known word"):
        generate.main([text_run.path, "--prompts", "-"])


SHORT_EUC = bytes.fromhex("ccbef6a4")  # of which no encoding is sure


@pytest.mark.parametrize("option", ["--prompts", "--score"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SHORT_EUC, r"is not text in an encoding that shows|may be in"),
        (b"a" * 2_000_001, r"holds more than 1 MB: must be smaller$"),
        (gzip.compress(b"a" * 2_000_001), r"holds more than 1 MB: must be smaller$"),
        (b"PK\3\4" + b"x" * 40, "zip"),
        (b"\0" * 200, "is binary, not text"),
    ],
)
def test_what_is_no_text_is_refused_in_words_for_this_command(
    text_run, tmp_path, monkeypatch, option, content, message
):
    monkeypatch.setattr(prompts, "MAX_TEXT", 1)
    settings = dataclasses.replace(scored_inputs._text_settings(text_run._run), max_text=1)
    monkeypatch.setattr(scored_inputs, "_text_settings", lambda run: settings)
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    if not hasattr(os, "mkfifo") or content[:1] != b"a":  # a plain file is as long as it is
        with pytest.raises(tsuzuri.UserError, match=message) as named:
            generate.main([text_run.path, option, str(path)])
        assert "--encoding" not in str(named.value)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with pytest.raises(tsuzuri.UserError, match=message) as piped:
        generate.main([text_run.path, option, "-"])
    assert str(piped.value).startswith("standard input")
    assert "--encoding" not in str(piped.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\n\nb zz\n", r"prompts.txt, line 3: 'zz': not a known word"),
        ("\n \n", "prompts.txt: holds no prompt"),
        (None, "prompts.txt: no such file"),
    ],
)
def test_a_bad_prompt_is_refused_before_anything_is_drawn(text_run, tmp_path, capsys, content, message):
    path = tmp_path / "prompts.txt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(tsuzuri.UserError, match=message):
        generate.main([text_run.path, "--prompts", str(path)])
    assert capsys.readouterr().out == ""


def test_prompts_beside_a_prime_are_refused(text_run, music_run):
    with pytest.raises(tsuzuri.UserError, match="--prompts file: and a to begin with: give one of them"):
        generate.main([text_run.path, "a", "--prompts", "file"])
    with pytest.raises(tsuzuri.UserError, match="--prompts: is for text"):
        generate.main([music_run.path, "--prompts", "file"])
