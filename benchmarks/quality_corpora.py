"""The corpora of the quality benchmark: where each lies, how it is cut, how it becomes words, and what is counted.

The splits are made here and not by train.py, so that they stay the same whatever train.py comes to hold out; they are
written as files, which train.py reads with ``--valid`` and ``--test``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tsuzuri.api import corpora
from tsuzuri.data.corpus import Corpus
from tsuzuri.errors import UserError
from tsuzuri.options.command_line import read_command_line
from tsuzuri.options.resolve import defaults
from tsuzuri.options.train import TABLES
from tsuzuri.text import reader
from tsuzuri.training.schemas import LanguageModelRecipe

PERPLEXITY, NATS = "perplexity", "nats a character"
HELD_OUT = 0.05  # of the lines that are not empty, for validation and for test each
NANOGPT = 0.9  # of the characters are to train on
SPLITS = ("train", "valid", "test")

Texts = dict[str, dict[str, str]]  # by split, then by the name of a file


def ends_of_texts(place: Path) -> Texts:
    """Of every text under a path the last lines for validation, and as many before them for test.

    The lines are those that train.py reads, without what Aozora Bunko puts around a text.
    """
    texts: Texts = {split: {} for split in SPLITS}
    for document in reader.read_documents([str(place)]):
        if isinstance(document, reader.Skipped):
            raise UserError(f"{document.name}: {document.reason}")
        ends = [n + 1 for n, piece in enumerate(document.pieces) if piece]
        held = max(1, round(HELD_OUT * len(ends)))
        if len(ends) <= 2 * held:
            raise UserError(f"{document.name}: {len(ends)} lines, at least {2 * held + 1} are needed")
        first, second = ends[-2 * held - 1], ends[-held - 1]
        parts = document.pieces[:first], document.pieces[second:], document.pieces[first:second]
        for split, pieces in zip(SPLITS, parts, strict=True):
            texts[split][Path(document.name).name] = "".join(f"{piece}\n" for piece in pieces)
    return texts


def as_nanogpt(place: Path) -> Texts:
    """nanoGPT's split of characters (``data/shakespeare_char/prepare.py``): the first nine tenths, and the rest.

    There is no third part: what validates is tested on too.
    """
    text = place.read_bytes().decode()
    cut = int(NANOGPT * len(text))
    return {
        split: {place.name: text[a:b]} for split, a, b in (("train", 0, cut), ("valid", cut, None), ("test", cut, None))
    }


def of_wikitext(place: Path) -> Texts:
    """WikiText's validation text, whose last lines validate, and its test text, as they stand."""
    with open(place / "valid.txt", encoding="utf-8", newline="\n") as stream:
        lines = list(stream)
    filled = [n for n, line in enumerate(lines) if line.strip()]
    cut = filled[-max(1, round(HELD_OUT * len(filled)))]
    parts = "".join(lines[:cut]), "".join(lines[cut:]), (place / "test.txt").read_bytes().decode()
    return {split: {f"{split}.txt": text} for split, text in zip(SPLITS, parts, strict=True)}


class Source(NamedTuple):
    """A corpus: its ``place`` under the data folder, what cuts it, the options of train.py, the figure that is told.

    ``counts`` are the words of a split, line ends among them, that others count, where that is known.
    """

    place: str
    cut: Callable[[Path], Texts]
    options: tuple[str, ...]
    figure: str = PERPLEXITY
    counts: dict[str, int] = {}  # noqa: RUF012 (never changed)


MECAB = ("--tokens", "mecab")
SOURCES = {
    "etude": Source("aozora_doyle/55881_ruby_50043.txt", ends_of_texts, MECAB),  # 緋のエチュード
    "doyle": Source("aozora_doyle", ends_of_texts, MECAB),
    "novels": Source("aozora_novels", ends_of_texts, MECAB),
    "shakespeare": Source(
        "lm_tinyshakespeare/input.txt",
        as_nanogpt,
        ("--tokens", "char", "--min-count", "1"),
        NATS,
        {"train": 1_003_854, "valid": 111_540},
    ),
    "wikitext2": Source(
        "lm_wikitext2", of_wikitext, ("--tokens", "space", "--min-count", "1"), counts={"test": 245_569}
    ),
}


def write_splits(source: Source, data: str, out: Path) -> list[str]:
    """Write a corpus' splits under ``out``; returns them as arguments of train.py. Raises ``UserError``."""
    place = Path(data) / source.place
    if not place.exists():
        raise UserError(f"--data {data}: there is no {source.place}")
    for split, files in source.cut(place).items():
        (out / split).mkdir(parents=True)
        for name, text in files.items():
            (out / split / name).write_bytes(text.encode())
    return [str(out / "train"), "--valid", str(out / "valid"), "--test", str(out / "test")]


def read_corpus(arguments: list[str]) -> Corpus:
    """What train.py reads with these arguments, in ids: the peers' words are the same."""
    given = read_command_line(TABLES, arguments)
    source = corpora.corpus_source(defaults(TABLES) | given, given.keys())
    small = LanguageModelRecipe(batchsize=1, bproplen=1)  # whether there are words enough is for train.py to say
    return corpora.read_corpus(source, small)


def remarks(source: Source, corpus: Corpus) -> list[str]:
    """Lines that tell a corpus' size, and where it is not what others count."""
    report = corpus.report
    words = ", ".join(f"{report['words'][s]:,} {s} ({report['unknown'][s]:.1%} unknown)" for s in SPLITS)
    lines = [f"{words}; {len(corpus.vocabulary):,} ids; by {corpus.tokenizer.name}; {source.figure}"]
    for split, count in source.counts.items():
        if report["words"][split] not in (count, count + 1):  # a line that is cut is ended
            lines.append(f"others count {count:,} {split}: the figures are not quite of the same words")
    return lines
