"""What is counted in passages: repetition, loops, brackets, sentences, and where real passages are cut."""

import pytest

import tsuzuri
from benchmarks import overfitting, passage_counts, passages
from tsuzuri.api.novelty import Copy, Novelty


def words(text):
    return ["\n" if c == "\n" else c for c in text]


def test_runs_of_words_that_come_again_are_counted():
    assert passage_counts.repeated(words("abcdabcd")) == (1, 5)
    assert passage_counts.repeated(words("aaaaaa")) == (2, 3)
    assert passage_counts.repeated(words("abcd")) == (0, 1)
    assert passage_counts.repeated(words("abc")) == (0, 0)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("abcd" * 3, 12),
        ("xyz" + "abcd" * 3 + "x", 12),
        ("abcd" * 3 + "ab", 14),  # it goes on
        ("abcd" * 2 + "abcx", 0),  # the third is not whole
        ("abc" * 3, 0),  # nine words
        ("abc" * 4, 12),
        ("a" * 11, 0),
        ("a" * 12, 12),
        ("abcdefg" * 2 + "x" + "abcdefg", 0),  # not in a row
        ("a" * 12 + "bcd" * 4, 24),
    ],
)
def test_a_loop_is_three_times_the_same_in_twelve_words(text, count):
    assert passage_counts.looped(words(text)) == (count, len(text))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("「あ、い。」！？\n「う」", 0),
        ("「」", 1),
        ("「。あ", 1),
        ("。、。", 2),
        ("あ\n\nい", 1),
        ("。あ\n。い", 0),  # it begins a line
        ("！！？", 0),
    ],
)
def test_signs_that_cannot_stand_where_they_do_are_slips(text, count):
    assert passage_counts.slips(words(text)) == count


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("「あ」と『い』", True),
        ("「『あ』」", True),
        ("「『あ」』", False),
        ("「あ", False),
        ("あ」", False),
        ("", True),
        ("(「あ」", False),
    ],
)
def test_brackets_that_close_in_their_order_are_balanced(text, good):
    assert passage_counts.balanced(words(text)) is good


def test_brackets_that_the_corpus_does_not_use_as_such_are_none():
    assert passage_counts.balanced(words("a)「あ」"), ("「」",))
    assert not passage_counts.balanced(words("a)「あ」"))


def test_sentences_end_with_their_brackets_and_with_lines_and_the_cut_one_is_left_out():
    assert passage_counts.sentences(words("あい。「う！」え\nおか\nきく。け")) == [3, 4, 1, 2]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("あ。", True),
        ("「あ。」", True),
        ("あ。\n", True),
        ("「あ」", False),
        ("あ", False),
        ("」", False),
        ("", False),
    ],
)
def test_a_passage_ends_whole_with_its_last_sentence(text, whole):
    assert passage_counts.ends_whole(words(text)) is whole


def told(copies, seen):
    longest = Copy(0, copies, "", "", 1, "", "", 1) if copies else None
    return Novelty("words", 10, longest, (), {4: 1 - seen, 8: seen, 16: None})


def test_first_and_later_lines_are_told_apart_and_cut_ones_are_not_called_unbalanced():
    drawn = [words("「あ」\n「い\nう\n「え"), words("お\n「か」\n")]
    new = iter([told(4, 0.5), told(0, 0.0)])
    counted = passage_counts.Passages(drawn, novelty=lambda words: next(new))
    assert counted.opening("first") == 1 / 2
    assert counted.opening("later") == 3 / 4
    assert counted.amiss("first") == 0
    assert passage_counts.Passages([words("。あ\n」い\nう")]).amiss("first") == 1
    assert passage_counts.Passages([words("。あ\n」い\nう")]).amiss("later") == 1 / 2
    assert counted.unbalanced("first") == 0
    assert counted.unbalanced("later") == 1 / 3
    assert counted.unbalanced_passages() == 1 / 2
    assert (counted.copied(), counted.seen(8), counted.seen(4)) == (2, 0.25, 0.75)
    assert counted.distinct() == pytest.approx((100 * 6 / 8 + 100 * 4 / 4) / 2)
    assert passage_counts.Passages([words("あ")]).copied() is None


def test_what_cannot_be_counted_is_a_dash_and_what_was_not_asked_for_is_left_out():
    cells = list(passages.figures(passage_counts.Passages([words("あ")])))
    assert len(cells) == len(passages.COLUMNS)
    assert (cells[0], cells[2], cells[3], cells[-1]) == ("–", "100.0", "", "–")


def test_real_passages_begin_where_lines_do():
    text = words("ab\ncd\nef\ngh")
    assert ["".join(passage) for passage in passages.cut(text, 5, 10)] == ["ab\ncd", "cd\nef", "ef\ngh"]
    assert ["".join(passage) for passage in passages.cut(text, 5, 2)] == ["ab\ncd", "cd\nef"]
    assert passages.cut(text, 20, 10) == []


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a small run, whose held-out lines have words that it does not know."""
    lines = [f"「{a}{b}」と{c}。" for a in "あいう" for b in "かきく" for c in "さしす"]
    folder = tmp_path_factory.mktemp("passages")
    (folder / "novel.txt").write_text("\n".join([*lines, *(f"{c}ん。" for c in "犬猫鳥")]), encoding="utf-8")
    small = {"tokens": "char", "unit": 5, "batchsize": 3, "bproplen": 6, "epoch": 1, "device": "cpu"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tsuzuri.training.plots.plot_loss_curves", lambda *_: b"picture")
        tsuzuri.train([folder / "novel.txt"], folder / "run", sample_every=0, **small)
    return str(folder / "run")


def rows_of(capsys, main, monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["benchmark", *arguments])
    main()
    return [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]


def test_a_table_has_real_passages_and_a_row_for_each_set(run, monkeypatch, capsys):
    arguments = (run, "-n", "3", "--length", "8", "--options", "--temperature 0", "--brackets off")
    rows = rows_of(capsys, passages.main, monkeypatch, *arguments)
    assert rows[0] == [run, *passages.COLUMNS]
    assert [cells[0].split(",")[0] for cells in rows[1:]] == [
        *("held out", "trained on", "no options", "`--temperature 0`", "`--brackets off`")
    ]


def test_held_out_passages_have_the_words_that_the_run_does_not_know(run):
    loaded = passages.load_run(run)
    corpus = passages.corpus_of(loaded)
    assert {*"犬猫鳥"} & {*loaded.vocabulary.words} == set()
    text = "".join(corpus.vocabulary.words[i] for i in [*corpus.test.tolist(), *corpus.valid.tolist()])
    assert text.endswith("猫ん。<eos>鳥ん。<eos>")
    assert "<unk>" not in text


def test_options_of_a_set_that_are_wrong_are_told_of(run, monkeypatch, capsys):
    with pytest.raises(SystemExit, match="2"):
        rows_of(capsys, passages.main, monkeypatch, run, "-n", "1", "--options", "--top-q 0.9")
    assert "--top-q: no such option" in capsys.readouterr().err


def test_a_row_tells_how_a_training_went(run, monkeypatch, capsys):
    heads, cells = rows_of(capsys, overfitting.main, monkeypatch, run)
    assert tuple(heads) == overfitting.HEADS
    assert cells[:3] == [run, "1", "1"]
    entry = tsuzuri.load(run, "text").history[0]
    assert cells[3] == f"{entry['train_loss']:.3f}"
    assert float(cells[5]) == pytest.approx(entry["valid_loss"], abs=0.02)  # read in other parts
    assert 0 <= float(cells[10]) <= 1
