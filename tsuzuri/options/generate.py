"""The options of ``generate.py``; read before anything heavy is imported."""

from tsuzuri.options.midi import KEY, METER, OUTPUT_OPTIONS, REPLACE
from tsuzuri.options.option import Option
from tsuzuri.options.values import (
    COUNT,
    DEVICE,
    FACTOR,
    FILE,
    FLAG,
    FRACTION,
    LARGEST,
    NOT_NEGATIVE,
    RUN,
    SECONDS,
    SEED,
    SHARE,
    SIZE,
    SOME_TEXT,
    SWITCH,
    TEXT,
    choice,
    whole_number,
)
from tsuzuri.rules import Bounds

RUN_LENGTH = whole_number(Bounds(2, LARGEST))
TABLES = {
    "input": [
        Option("run", TEXT, None, "run directory"),
        Option(
            "word",
            TEXT,
            None,
            "prime: word or text to start from; for music: words, a MIDI file or a .words file",
        ),
        Option("-m --model", RUN, None, "run directory, as an option"),
        Option(
            "-p --primetext",
            TEXT,
            None,
            "prime, as an option",
            "--prime --start-text --start",
        ),
        Option(
            "--prompts",
            FILE,
            None,
            "file with a prime a line, instead of a prime; drawn side by side; - for standard input",
        ),
        Option("--unk", choice("error", "skip", "nearest"), "error", "what to do with an unknown prime word"),
    ],
    "output": [
        Option(
            "--length",
            COUNT,
            None,
            "number of words (default: 200, or 200 per sentence; music ends by itself)",
            "--max-new-tokens",
        ),
        Option("--novelty", FLAG, False, "report on what is copied from the corpus, after the text or piece"),
        Option("--sentences", COUNT, None, "number of sentences; one in brackets counts only with what is around it"),
        Option("--stop", SOME_TEXT, [], "texts, before the first of which the output ends"),
        Option(
            "-n --num-samples",
            SIZE,
            1,
            "number of texts or pieces, drawn side by side",
            "--num-outputs",
        ),
        Option("--best-of", SIZE, 1, "number to draw for each that is kept: the one likeliest by the word"),
        Option(
            "-o --out",
            FILE,
            None,
            "output file, or folder for several (default: a text on standard output, music in RUN-SEED.mid)",
        ),
        REPLACE,
    ],
    "music": [
        Option("--bars", SIZE, None, "length in bars, counted after the prime"),
        Option("--seconds", SECONDS, None, "length in seconds, counted after the prime"),
        Option("--max-note", SIZE, 4, "longest note, in bars"),
        Option("--key", KEY, None, "key of new pieces, such as Gm or F# (default: as the model draws it)"),
        Option("--meter", METER, None, "meter of new pieces, such as 6/8 (default: as the model draws it)"),
        Option(
            "--form",
            SWITCH,
            None,
            "bars come again as in a piece of the corpus, whose length the piece takes (default: on; off for runs of "
            "older versions)",
        ),
        Option("--words", FLAG, False, "words as output instead of MIDI"),
        *OUTPUT_OPTIONS,
    ],
    "sampling": [
        Option(
            "--repetition-penalty",
            FACTOR,
            1.0,
            "how much less likely the last 64 words become: their logits are divided, or multiplied where negative",
            "--repeat-penalty",
        ),
        Option(
            "--no-repeat",
            SIZE,
            None,
            "number of words in a row that never come twice (default: no such number)",
            "--no-repeat-ngram-size",
        ),
        Option(
            "--cache", FLAG, False, "neural cache: what a text or piece had lately becomes likelier; for --score too"
        ),
        Option(
            "--temperature",
            NOT_NEGATIVE,
            None,
            "sampling temperature; 0 always takes the likeliest word (default: 1, or 0.9 for music without lookback)",
        ),
        Option("--top-k", COUNT, None, "number of likeliest words to draw from (default: all)"),
        Option(
            "--top-p",
            FRACTION,
            None,
            "total probability of the words to draw from (default: 1, or 0.95 for music without lookback)",
        ),
        Option("--max-copy", RUN_LENGTH, None, "longest run of words, or of notes, copied from the corpus"),
        Option("--min-p", SHARE, None, "least probability of a word, as a share of the likeliest one's (default: 0)"),
        Option(
            "--typical",
            FRACTION,
            None,
            "total probability of the words of the most usual surprise to draw from (default: 1)",
            "--typical-p",
        ),
        Option(
            "--brackets",
            SWITCH,
            None,
            "brackets close in their order, and before the text ends (default: on; off for runs of older versions)",
        ),
        Option(
            "--signs",
            SWITCH,
            None,
            "no frequent signs side by side that never are in the corpus, as 、、, but where a bracket must close "
            "(default: on; off for runs of older versions)",
        ),
        Option("--escape", SWITCH, True, "escape from loops: a higher temperature while the output repeats itself"),
        Option("--seed", SEED, None, "random seed (default: a new one, printed on standard error)"),
        Option("-d --device", DEVICE, "auto", "auto, cpu, gpu or gpu:N"),
    ],
    "scoring": [
        Option("--score", FILE, None, "file to score in place of generating, word by word; - for standard input"),
        Option("--adapt", FLAG, False, "with --score, dynamic evaluation: the model learns from what it has read"),
        Option("--json", FLAG, False, "with --score, JSON as output"),
    ],
}
ONLY_TEXT = ("sentences", "stop", "prompts", "brackets", "signs")
ONLY_MUSIC = (
    "bars",
    "seconds",
    "max_note",
    "key",
    "meter",
    "form",
    "words",
    "tempo",
    "program",
    "plot",
    "wav",
    "soundfont",
)
