"""Labeled files to labeled words, by a ``Preprocessor`` that a run keeps: a tokenizer for texts, settings for tunes."""

import codecs
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tsuzuri.data import labeled
from tsuzuri.errors import UserError
from tsuzuri.midi.words import collect, settings, sources
from tsuzuri.midi.words.about import model_words
from tsuzuri.midi.words.convert import PieceWords
from tsuzuri.midi.words.report import refused_hint
from tsuzuri.text.archives import read_single
from tsuzuri.text.encodings import Decoded, codec_name, decode
from tsuzuri.text.normalization import normalize
from tsuzuri.text.scripts import choose_tokens
from tsuzuri.text.settings import MAX_TEXT, text_settings_from_json
from tsuzuri.text.tokenizers import Tokenizer, get_tokenizer, tokenizer_of_run

PARTS = ("corpus", "valid", "test")
SAMPLE = 1000  # texts that decide the tokenizer
BATCH = 256  # lines of a file that are read at once
TUNES = sources.MUSIC
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Passage(NamedTuple):
    """A text, its ``words`` as a model reads them, and ``pieces``: each as it stands there, and the space before it."""

    text: str
    words: list[str]
    pieces: list[str]


class Preprocessor(NamedTuple):
    """What makes words of a text: a tokenizer, and lower case where ``case`` is "fold"; or of a tune: ``midi``."""

    tokenizer: Tokenizer
    case: str
    midi: settings.Settings | None = None
    form: str = "none"  # of Unicode

    def words(self, text: str) -> list[str]:
        """The words of a text, without white space."""
        return self.passage(text).words

    def passage(self, text: str) -> Passage:
        """A text as a ``Passage``; it is split before its words become lower case."""
        text = normalize(text, self.form)
        tokens = self.tokenizer.split(text)
        words, pieces, gap = [], [], ""
        for word, piece in zip(tokens, self.tokenizer.pieces(tokens), strict=True):
            if word.isspace():
                gap += piece
            else:
                words.append(word.lower() if self.case == "fold" else word)
                pieces.append(gap + piece)
                gap = ""
        return Passage(text, words, pieces)

    def tunes(self, paths: Sequence[str | sources.MusicFile]) -> tuple[list[Passage], dict]:
        """The tunes in MIDI files, each a ``Passage`` whose text is its name, and the report of ``collect_pieces``."""
        music = collect.collect_pieces(paths, self.midi)
        return [self.tune(piece) for piece in music.pieces], music.report

    def tune(self, piece: PieceWords) -> Passage:
        """A tune as a ``Passage``, in the key that tunes are learned in."""
        words = model_words(piece.words, self.midi.keys, self.midi.words)
        return Passage(piece.name, words, [f" {word}" for word in words])

    def batches(self, paths: Sequence[str], encoding: str, refuse: Callable[[str], object]) -> Iterator[list[Passage]]:
        """Yield lists of ``Passage``: the tunes of each file; or lines of files, or of standard input without any.

        ``encoding`` is that of the lines, a codec's name or "auto". Raises ``UserError`` for lines that cannot be read;
        for a file of tunes that cannot be read, calls ``refuse`` with the message and goes on.
        """
        if encoding != "auto":
            encoding = codec_name(encoding)
        if self.midi:
            for path in paths:
                yield from self._tune_files(path, refuse)
            return
        for path in paths:
            lines = _file_lines(path, encoding)
            yield from ([self.passage(line) for line in lines[n : n + BATCH]] for n in range(0, len(lines), BATCH))
        if not paths:
            yield from ([self.passage(line)] for line in _input_lines(encoding))

    def _tune_files(self, path, refuse):
        """Yield the list of tunes of each file that is ``path``, or lies in it."""
        try:
            files = sources.find_music([path]).files
        except UserError as error:
            refuse(str(error))
            return
        for music in files:
            folder, name = os.path.split(music.name)
            try:
                tunes, _ = self.tunes([music._replace(name=name)])
            except UserError as error:
                refuse(str(error))
                continue
            yield [tune._replace(text=os.path.join(folder, tune.text)) for tune in tunes]


def preprocessor_of_run(about: dict) -> Preprocessor:
    """The ``Preprocessor`` of a run, from its run.json; raises ``UserError`` where its MIDI settings are damaged."""
    midi = about["corpus"]["midi"]
    form = about["corpus"]["text"]["normalize"]
    return Preprocessor(tokenizer_of_run(about, b""), about["case"], midi and _settings(midi), form)


def _settings(midi):
    """The settings of MIDI that run.json keeps."""
    try:
        return settings.settings_from_json(midi)
    except ValueError as error:
        raise UserError(f"corpus.midi of the run is damaged: {error}") from None


def holds_music(paths: Sequence[str]) -> bool:
    """Whether folders and files hold tunes; raises ``UserError`` where there are both tunes and texts."""
    music, texts = sources.split_by_kind([path for path in paths if os.path.isdir(path)])
    music += [path for path in paths if os.path.isfile(path) and sources.is_music_path(path)]
    if music and texts:
        raise UserError(f"text and MIDI in one corpus: {texts[0]} and {music[0]}: a classifier learns one or the other")
    return bool(music)


def expand_source(source: dict) -> dict:
    """A source with its splits named, if its single folder holds one for each, as aclImdb does; else the same."""
    if len(source["corpus"]) != 1 or not os.path.isdir(source["corpus"][0]):
        return source
    folders = labeled.dataset_folders(source["corpus"][0])
    source = source | {"corpus": [folders["train"]]}
    return source | {part: [folders[part]] for part in ("valid", "test") if part in folders and not source[part]}


def read_labeled_words(source: dict, tokens: str, case: str, least: int = 0) -> tuple[dict, Preprocessor, dict]:
    """The labeled words of the parts of a ``source``, the ``Preprocessor`` that makes them, and a report of each part.

    The first is a dict: for corpus, valid and test an iterable of (label, words) pairs, None for a part that is not
    there. ``tokens`` is a tokenizer's name or "auto"; ``least`` is how many examples of the corpus each class needs, 0
    if it may have any labels. Raises ``UserError`` for a file that cannot be read, and for a text without words.
    """
    if source["midi"]:
        return _read_tunes(source, Preprocessor(get_tokenizer("midi"), "keep", _settings(source["midi"])), least)
    options = source["form"], source["encoding"], tuple(source["columns"])
    needed = {"corpus": least, "valid": 0, "test": 0}
    text = text_settings_from_json(source["text"])
    parts = {
        part: labeled.read_labeled(source[part], *options, needed[part], text.max_text)
        for part in PARTS
        if source[part]
    }
    if source["pos"] or source["neg"]:
        lists = source["pos"], source["neg"]
        parts["corpus"] = labeled.read_pos_neg(*lists, source["encoding"], least, text.max_text)
    if tokens == "auto":
        examples = parts["corpus"].examples
        sample = "\n".join(example.text for example in examples[:: 1 + len(examples) // SAMPLE])
        tokens = choose_tokens([sample]).tokens
        tokens = "english" if tokens == "space" else tokens  # whose signs are words also where they touch one
    preprocessor = Preprocessor(get_tokenizer(tokens, text), case, form=text.normalize)
    pairs = {part: _pairs(parts[part].examples, preprocessor) if part in parts else None for part in PARTS}
    return pairs, preprocessor, {part: texts.report for part, texts in parts.items()}


def _pairs(examples, preprocessor):
    """Yield (label, words) of each example; raises ``UserError`` for one without words."""
    for example in examples:
        words = preprocessor.words(example.text)
        if not words:
            raise UserError(f"{example.where}: no words in {example.text!r}")
        yield example.label, words


def _read_tunes(source, preprocessor, least):
    """What ``read_labeled_words`` returns, for folders that hold a folder of tunes for each class."""
    pairs, reports, examples = {}, {}, {part: [] for part in PARTS}
    for part in PARTS:
        pairs[part], reports[part] = ([] if source[part] else None), []
        for folder in source[part]:
            aside = sources.texts_among_tunes(folder)
            if not os.path.isdir(folder):
                raise UserError(f"{folder}: must be a folder that holds a folder of MIDI files for each class")
            for label, paths in labeled.class_files(folder, TUNES).items():
                tunes, report = preprocessor.tunes(paths)
                report["left_out"], aside = [{"name": name, "reason": reason} for name, reason in aside], []
                pairs[part] += [(label, tune.words) for tune in tunes]
                reports[part].append({"class": label} | report)
                examples[part] += [labeled.Example(label, "", os.path.join(folder, label))] * len(tunes)
    if least:
        try:
            labeled.check_classes(examples["corpus"], " ".join(source["corpus"]), least)
        except UserError as error:
            hint = refused_hint(reports["corpus"])
            raise UserError("; ".join(filter(None, (str(error), hint)))) from None
    return pairs, preprocessor, {part: report for part, report in reports.items() if report}


def _file_lines(path, encoding):
    """The lines of a file, a list; after the last line end there is none."""
    try:
        text = decode(read_single(path, MAX_TEXT), encoding).text
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    return text.removesuffix("\n").split("\n")


def _input_lines(encoding):
    """Yield the lines of standard input, as they come.

    The encoding that "auto" detects in the first line beyond ASCII holds for all after it: a line of few words by
    itself could be in more than one. UTF-16 is recognized by its mark.
    """
    first = sys.stdin.buffer.readline()
    stream, hint = itertools.chain([first], sys.stdin.buffer), ""
    if encoding == "auto" and first.startswith(MARKS):
        encoding = "utf-16"
    if encoding != "auto" and "\n".encode(encoding) != b"\n":
        stream, encoding = _recoded(stream, encoding), "utf-8"
    lines = itertools.chain.from_iterable(map(bytes.splitlines, stream))  # at a return alone too, as in files
    for n, line in enumerate(lines, 1):
        try:
            decoded = decode(line, encoding) if line else Decoded("", encoding)
        except ValueError as error:
            reason = str(error).replace(", in line 1)", ")").replace(" in line 1)", ")")  # it knows of this line only
            raise UserError(f"standard input, line {n}: {reason}{hint}") from None
        if encoding == "auto" and not line.isascii():
            encoding, hint = decoded.codec, f", as line {n} is: --encoding names it"
        yield decoded.text


def _recoded(stream, encoding):
    """Yield the lines of a stream in UTF-8, from an encoding such as UTF-16, whose line ends are other bytes."""
    decode, rest, n = codecs.getincrementaldecoder(encoding)().decode, "", 1
    for data in itertools.chain(stream, [b""]):
        try:
            *lines, rest = (rest + decode(data, final=not data)).split("\n")
        except UnicodeDecodeError:
            raise UserError(f"standard input, line {n}: is not text in {encoding}") from None
        n += len(lines)
        yield from (f"{line}\n".encode() for line in lines)
    yield rest.encode()
