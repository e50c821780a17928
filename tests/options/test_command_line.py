"""Command lines: words and options in any order, other spellings, and one plain line for what is wrong."""

import shlex

import pytest

from tsuzuri.errors import UserError
from tsuzuri.options import classify, generate, midi, train
from tsuzuri.options.command_line import read_command_line
from tsuzuri.options.resolve import option_names
from tsuzuri.options.values import FLAG, FRACTION, KEPT, RATIO, SHARE


@pytest.mark.parametrize(
    ("tables", "line", "given"),
    [
        (generate.TABLES, "RUN -o o.txt 灯台", {"run": "RUN", "out": "o.txt", "word": "灯台"}),
        (generate.TABLES, "-o o.txt RUN 灯台", {"run": "RUN", "out": "o.txt", "word": "灯台"}),
        (generate.TABLES, "RUN 灯台 --plot", {"run": "RUN", "plot": True, "word": "灯台"}),
        (generate.TABLES, "RUN --plot 灯台", {"run": "RUN", "plot": True, "word": "灯台"}),
        (generate.TABLES, "RUN 'two words' -n3", {"run": "RUN", "word": "two words", "num_samples": 3}),
        (generate.TABLES, "RUN -- -x", {"run": "RUN", "word": "-x"}),
        (generate.TABLES, "-n 2 -- RUN", {"run": "RUN", "num_samples": 2}),
        (generate.TABLES, "RUN '-5 degrees'", {"run": "RUN", "word": "-5 degrees"}),
        (generate.TABLES, "RUN '- yes'", {"run": "RUN", "word": "- yes"}),
        (generate.TABLES, "RUN -", {"run": "RUN", "word": "-"}),
        (generate.TABLES, "RUN ''", {"run": "RUN", "word": ""}),
        (generate.TABLES, "RUN --primetext=-x", {"run": "RUN", "primetext": "-x"}),
        (generate.TABLES, "RUN --primetext='a=b c'", {"run": "RUN", "primetext": "a=b c"}),
        (generate.TABLES, "RUN --top_p 0.9 --top_k=3", {"run": "RUN", "top_p": 0.9, "top_k": 3}),
        (generate.TABLES, "RUN --escape 灯台", {"run": "RUN", "escape": True, "word": "灯台"}),
        (generate.TABLES, "RUN --escape off 灯台", {"run": "RUN", "escape": False, "word": "灯台"}),
        (train.TABLES, "a.txt -o r b.txt", {"corpus": ["a.txt", "b.txt"], "out": "r"}),
        (train.TABLES, "a --valid v w -o r b", {"corpus": ["a", "b"], "valid": ["v", "w"], "out": "r"}),
        (train.TABLES, "--valid v -- b", {"corpus": ["b"], "valid": ["v"]}),
        (train.TABLES, "a --valid=v b", {"corpus": ["a", "b"], "valid": ["v"]}),
        (train.TABLES, "a --valid v --test t --valid w", {"corpus": ["a"], "valid": ["v", "w"], "test": ["t"]}),
        (train.TABLES, "-rf -e5 -u=8", {"resume": True, "force": True, "epoch": 5, "unit": 8}),
        (train.TABLES, "-e 1 -e 2", {"epoch": 2}),
        (train.TABLES, "a --transpose -5..6 b", {"corpus": ["a", "b"], "transpose": (-5, 6)}),
        (train.TABLES, "", {}),
        (train.TABLES, "--epochs 3 --units=9 --batch_size 2", {"epoch": 3, "unit": 9, "batchsize": 2}),
        (train.TABLES, "--learning-rate 0.1 --hidden-size 4", {"lr": 0.1, "unit": 4}),
        (train.TABLES, "--bptt 7 --grad-clip 1 --n-words 99", {"bproplen": 7, "gradclip": 1.0, "vocab_size": 99}),
        (generate.TABLES, "--prime x --num_outputs 3 --bpm 90", {"primetext": "x", "num_samples": 3, "tempo": 90.0}),
        (classify.TRAIN, "--max-epochs 3 --dim_proj 9 --validFreq 4", {"epoch": 3, "unit": 9, "valid_freq": 4}),
        (classify.PREDICT, "RUN --json a.txt b.txt", {"run": "RUN", "json": True, "files": ["a.txt", "b.txt"]}),
    ],
)
def test_words_and_options_in_any_order(tables, line, given):
    assert read_command_line(tables, shlex.split(line)) == given


@pytest.mark.parametrize(
    ("tables", "line", "reason"),
    [
        (train.TABLES, "a --epocs 3", "--epocs: no such option: did you mean --epoch?"),
        (train.TABLES, "a --epoch_count=3", "--epoch-count: no such option: did you mean --epoch?"),
        (train.TABLES, "a --learning-rates 3", "--learning-rates: no such option: did you mean --lr?"),
        (train.TABLES, "a -epoch 3", "-epoch: no such option: did you mean --epoch?"),
        (train.TABLES, "a --strict", "--strict: no such option: --help lists the options"),
        (train.TABLES, "a -z", "-z: no such option: --help lists the options"),
        (train.TABLES, "a --e 3", "--e: no such option: --help lists the options"),
        (train.TABLES, "a -e", "--epoch: needs a value: --epoch N"),
        (
            train.TABLES,
            "a --valid -o r",
            "--valid: needs a value: --valid FILE (one that begins with a hyphen as --valid=-o)",
        ),
        (train.TABLES, "a -e many", "--epoch: many is not a whole number: must be 1 or more"),
        (train.TABLES, "a --epochs 0", "--epoch: 0 is out of range: must be 1 or more"),
        (train.TABLES, "a -o ''", "--out: must name a file or a folder, and is empty"),
        (train.TABLES, "a ''", "CORPUS: must name a file or a folder, and is empty"),
        (train.TABLES, "a --force=3", "--force: takes no value, and 3 is given"),
        (train.TABLES, "a -fx", "--force: takes no value, and x is given"),
        (train.TABLES, "a --tokens bpe", "--tokens: bpe is unknown: must be one of auto, mecab, char, space"),
        (generate.TABLES, "a b c", "c: one word too many after RUN and WORD (a text of several words needs quotes)"),
        (
            generate.TABLES,
            "a -p -x",
            "--primetext: needs a value: --primetext TEXT (one that begins with a hyphen as -",
        ),
        (classify.PREDICT, "", "RUN is missing: name a run directory (--help lists the options)"),
        (classify.PREDICT, "r --by luck", "--by: luck is unknown: must be one of leave-one-out, gradient"),
        (midi.WRITE_MIDI, "a --tempo x", "--tempo: x is not a number: must be 4 to 1000 quarter notes a minute"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(tables, line, reason):
    with pytest.raises(UserError) as caught:
        read_command_line(tables, shlex.split(line))
    assert str(caught.value).startswith(reason)


OF_KIND = {midi.KEY: "Gm", midi.METER: "6/8"}  # values of options whose kind takes no number


@pytest.mark.parametrize(
    "tables", [train.TABLES, generate.TABLES, midi.READ_MIDI, midi.WRITE_MIDI, classify.TRAIN, classify.EVALUATE]
)
def test_every_spelling_is_read_as_its_option(tables):
    run = ["RUN"] * ("run" in option_names(tables))
    for option in (option for rows in tables.values() for option in rows if not option.positional):
        number = "0.5" if option.kind in (FRACTION, RATIO, SHARE, KEPT) else OF_KIND.get(option.kind, "4")
        value = [*option.kind.choices, option.shown_default() or number][0]
        for flag in option.all_spellings:
            given = read_command_line(tables, [*run, flag, *([] if option.kind is FLAG else [value])])
            assert given.keys() - {"run"} == {option.name}, flag


@pytest.mark.parametrize("value", ["maybe", "yes", "NO", "On", "none", "2", "0.5", "auto"])
def test_a_wrong_value_of_a_switch_is_no_word(value):
    with pytest.raises(UserError, match=f"^--signs: {value} is unknown: must be on or off$"):
        read_command_line(generate.TABLES, ["runs/novel", "--signs", value])
    for word in ("灯台", "yesterday", "runs/novel"):
        assert read_command_line(generate.TABLES, ["--signs", word]) == {"signs": True, "run": word}
    assert read_command_line(generate.TABLES, ["--signs", "off", value]) == {"signs": False, "run": value}
