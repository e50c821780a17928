"""What is asked for together: subwords and scores, stop texts and copies, prompts and files."""

import pytest

import tsuzuri
from tests.conftest import ROOT
from tsuzuri.api import samples
from tsuzuri.api.growing_text import GrowingText
from tsuzuri.cli import generate
from tsuzuri.data.characters import read_back
from tsuzuri.sampling.endings import Ending
from tsuzuri.sampling.novelty import CopyLimit, WordRun
from tsuzuri.sampling.primes import Primes
from tsuzuri.text import tokenizers
from tsuzuri.text.sentences import sentence_rules
from tsuzuri.text.subwords import joined, spell_out
from tsuzuri.text.tokenizers import get_tokenizer

SMALL = {"unit": 8, "batchsize": 4, "bproplen": 8, "epoch": 1, "sample_every": 0, "device": "cpu"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder, corpus = tmp_path_factory.mktemp("runs"), sorted((ROOT / "corpus" / "stories").iterdir())[:1]
    made = {"subword": {"tokens": "subword"}, "plain": {"tokens": "char"}}
    return {name: tsuzuri.train(corpus, folder / name, **SMALL, **more) for name, more in made.items()}


def test_characters_in_bytes_are_counted_once(runs):
    tokenizer = get_tokenizer("subword", model=runs["subword"]._run.subwords)
    words = [*tokenizer.split("\U0001f600灯台"), "<eos>", *tokenizer.split("灯"), "<eos>"]
    assert set(spell_out("\U0001f600")) <= set(words)
    assert "".join(read_back(words, tokenizer)) == "\U0001f600灯台\n灯\n"
    assert len(list(read_back(words, tokenizer))) == len(words)
    scored = runs["subword"].score("\U0001f600灯台")
    bits = sum(word.surprisal for word in scored.words)
    assert scored.bits_per_character == pytest.approx(bits / 4)  # with the line end


def test_a_prime_in_bytes_is_written_as_it_was(runs):
    text = runs["subword"].generate("\U0001f600灯台", length=5, seed=1)
    assert text.startswith("\U0001f600灯台")
    assert runs["subword"].novelty(text, "\U0001f600灯台").count == 5


def growing(stops):
    tokenizer = get_tokenizer("char")
    return GrowingText(list("ab"), 0, Ending(20, None, *sentence_rules(tokenizer.spaced)), stops, tokenizer.pieces)


def test_words_that_a_stop_text_cut_off_are_not_of_the_text():
    text = growing(["fg"])
    for word in "cdefgh":
        text.take(word)
    assert text.over
    assert text.text() == "abcde"
    assert text.words == list("cde")
    text = growing(["zz"])
    for word in "cd":
        text.take(word)
    assert (text.text(), text.words) == ("abcd", ["c", "d"])


JOINER = "\u200d"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["日", "👨", JOINER], ["日", "👨", ""]),
        (["👨" + JOINER, "👩", JOINER, "👧"], ["👨", JOINER + "👩", "", JOINER + "👧"]),
        (["👨", *spell_out(JOINER), "日"], ["👨", "", "", "", JOINER + "日"]),
        (["🇯", "🇵", "🇫"], ["", "🇯🇵", ""]),
        (["日🇯", "日"], ["日", "🇯日"]),
        (["👍", "🏽", *spell_out("🇯")], ["👍", "🏽", "", "", "", ""]),
        (["a", JOINER], ["a", JOINER]),
    ],
)
def test_subwords_end_in_no_half_of_an_emoji(words, shown):
    rules = sentence_rules(lambda a, b: False)
    text = GrowingText(["雨"], 0, Ending(len(words), None, *rules), ["zz"], joined, cuts=True)
    assert [text.take(word) for word in words] == shown
    whole = "雨" + "".join(shown)
    assert (text.over, text.text(), text.text()) == (True, whole, whole)
    assert "".join(joined(text.words)) == whole[1:] or words[0] == "👨" + JOINER
    for stopped in range(len(words)):  # as by Ctrl-C
        text = GrowingText(["雨"], 0, Ending(9, None, *rules), [], joined, cuts=True)
        for word in words[:stopped]:
            text.take(word)
        assert text.text() == "雨" + "".join(shown[:stopped])


def test_what_a_stop_text_leaves_is_whole_too():
    text = GrowingText(["🇯"], 0, Ending(9, None, *sentence_rules(lambda a, b: False)), ["👩"], joined, cuts=True)
    for word in ("🇵", "👨" + JOINER, "👩日"):
        text.take(word)
    assert (text.text(), text.words) == ("🇯🇵👨", ["🇵"])


def test_a_sample_of_subwords_ends_in_no_half_of_an_emoji(runs, monkeypatch):
    subword = tokenizers.get_tokenizer("subword", model=runs["subword"]._run.subwords)
    for made, shown in ((subword, "灯台👨"), (tokenizers.get_tokenizer("char"), "灯台👨" + JOINER)):
        monkeypatch.setattr(tokenizers, "tokenizer_of_run", lambda *_, made=made: made)
        monkeypatch.setattr(tokenizers.Tokenizer, "join", lambda *_: "灯台👨" + JOINER)
        assert samples.generate_sample(runs["subword"]._run, 1) == shown


def test_a_limit_on_copies_begins_after_each_prime_and_counts_what_grows():
    class Suffixes:
        def following(self, ids):
            return [5]

    primes = Primes([[0], [0, 1, 2]])
    runs = [WordRun(Suffixes(), 2) for _ in range(2)]
    limit = CopyLimit(lambda logits: logits, runs, primes.given, lambda row: row == 1)
    limit._open = [0, 1]
    for _ in limit.follow([[7, 1], [8, 2], [9, 9]]):
        limit._open = [0, 1]
    assert [list(run._last) for run in runs] == [[8, 9], [9]]
    assert limit.gave_way == 1


def test_a_prompt_of_its_own_file_has_no_title(runs, tmp_path, capsys):
    (tmp_path / "p.txt").write_text("灯台\n", encoding="utf-8")
    run = runs["plain"].path
    options = ["-o", f"{tmp_path}/out/", "--length", "4", "--seed", "1"]
    generate.main([str(run), "--prompts", str(tmp_path / "p.txt"), *options])
    (written,) = (tmp_path / "out").iterdir()
    assert written.read_text(encoding="utf-8").startswith("灯台")
