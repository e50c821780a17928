"""Messages about options in terms of Python."""

import pytest

import tsuzuri
from tests.api.conftest import PAIRS, SMALL, TEXT
from tsuzuri.api.arguments import in_python
from tsuzuri.models.rnn import RNN


@pytest.mark.parametrize(
    ("line", "python"),
    [
        ("--bars: is for music", "bars: is for music"),
        ("(--unk skip or --unk nearest goes on)", '(unk="skip" or unk="nearest" goes on)'),
        ("--resume goes on with it, --force replaces it", "resume=True goes on with it, force=True replaces it"),
        ("--num-samples 99: fewer", "count=99: fewer"),
        ("-o/--out is missing", "out is missing"),
        ("--batchsize 20, --lr 0.5", "batchsize=20, lr=0.5"),
        ("--ticks-per-beat 480 brings them", "ticks_per_beat=480 brings them"),
        ("for --model lstm of 1", 'for model="lstm" of 1'),
        ("lower --min-count, or take --tokens char", 'lower min_count, or take tokens="char"'),
        ("--valid and --test files", "valid and test files"),
        ("/a/b--force: no such file", "/a/b--force: no such file"),
        ("--force/x: no such file", "--force/x: no such file"),
        ("--lrx and --no-such: unknown", "--lrx and --no-such: unknown"),
        ("'--lr': not a known word (--unk skip goes on)", "'--lr': not a known word (unk=\"skip\" goes on)"),
        ("the run's --seed and the file's", "the run's seed and the file's"),
    ],
)
def test_options_of_a_command_line_are_named_as_in_python(line, python):
    assert in_python(line) == python


CALLS = {
    "train": lambda text, sorter: tsuzuri.train(texts=[TEXT], out=text.path, **SMALL),
    "train_classifier": lambda text, sorter: tsuzuri.train_classifier(PAIRS, sorter.path, truncate="pre", force=True),
    "resume": lambda text, sorter: tsuzuri.resume(text.path, unit=9),
    "generate": lambda text, sorter: text.generate("nobody"),
    "stream": lambda text, sorter: text.stream("nobody"),
    "evaluate": lambda text, sorter: sorter.evaluate(form="tab"),
    "device": lambda text, sorter: text.generate(device="abacus"),
    "predict": lambda text, sorter: sorter.predict("a", device="abacus"),
}
MESSAGES = {
    "train": "holds a run already: resume=True goes on with it, force=True replaces it",
    "train_classifier": "truncate: to how many words? maxlen says",
    "resume": "with resume=True only device, ",
    "generate": '(unk="skip" or unk="nearest" goes on)',
    "stream": '(unk="skip" or unk="nearest" goes on)',
    "evaluate": "form: is for labeled examples",
    "device": "device abacus: must be auto",
    "predict": "device abacus: must be auto",
}


@pytest.mark.parametrize("call", CALLS)
def test_what_goes_wrong_in_python_is_told_in_python(text_run, classifier, call):
    with pytest.raises(tsuzuri.UserError) as error:
        CALLS[call](text_run, classifier)
    assert MESSAGES[call] in str(error.value)
    assert "--" not in str(error.value)


def test_a_callback_reads_of_options_in_python(tmp_path):
    heard = []
    lines = "".join(f"w{n} v{n} of the\n" for n in range(20))
    small = {"tokens": "space", "unit": 4, "batchsize": 2, "bproplen": 2, "epoch": 1, "device": "cpu"}
    tsuzuri.train(texts=[lines], out=tmp_path / "run", callback=heard.append, **small)
    (warning,) = [event.text for event in heard if "unknown, and" in event.text]
    assert warning.endswith('add text of the same kind, lower min_count, or take tokens="char"')


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"unit": 10**30}, "unit: 1000000000000000000000000000000 is out of range: must be 1 or more, at most 65536"),
        ({"batchsize": 10**9}, "batchsize: 1000000000 is out of range: must be 1 or more, at most 65536"),
    ],
)
def test_absurd_sizes_are_out_of_range(text_run, options, named):
    with pytest.raises(tsuzuri.UserError, match=f"^{named}$"):
        tsuzuri.train(texts=[TEXT], out=text_run.path, force=True, **(SMALL | options))
    assert tsuzuri.load(text_run.path).history


def test_texts_are_no_more_than_any_machine_has_room_for(text_run, monkeypatch):
    with pytest.raises(
        tsuzuri.UserError, match=r"^count: 1000000000 is out of range: must be 1 or more, at most 65536$"
    ):
        text_run.generate_many(10**9)

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(RNN, "step", fail)
    with pytest.raises(tsuzuri.UserError, match=r"^not enough memory for count=60000: fewer take less$"):
        text_run.generate_many(60000, length=2, device="cpu")
