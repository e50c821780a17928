"""Labeled files to labeled words, by a rule that a run keeps: a tokenizer for texts, MIDI's settings for tunes."""

import codecs
import itertools
import os
import sys
from typing import NamedTuple

from tsuzuri.data import labeled
from tsuzuri.errors import UserError
from tsuzuri.midi.words import collect, settings, wordfile
from tsuzuri.text import reader
from tsuzuri.text.tokenizers import Tokenizer, choose_classifier_tokenizer, get_tokenizer

PARTS = ("corpus", "valid", "test")
SAMPLE = 20_000  # characters that decide the tokenizer
BATCH = 256  # lines of a file that are read at once
TUNES = (*collect.SUFFIXES, wordfile.SUFFIX)
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SETTLED = {"UTF-8": "utf-8", "Shift_JIS": "shift_jis_2004", "cp1252": "cp1252"}  # what ``reader`` finds: its codec


class Passage(NamedTuple):
    """A text, its words as a model reads them, and each as it stands in the text, with the white space before it."""

    text: str
    words: list
    pieces: list


class Preprocessor(NamedTuple):
    """How a text becomes words, by a tokenizer, and in small letters where ``case`` is "fold"; or how a tune does."""

    tokenizer: Tokenizer
    case: str
    midi: settings.Settings | None = None

    def words(self, text):
        """The words of a text but white space."""
        return self.passage(text).words

    def passage(self, text):
        """A text as a ``Passage``; capitals become small letters in words that are split already."""
        every = self.tokenizer.split(text)
        words, pieces, gap = [], [], ""
        for word, piece in zip(every, self.tokenizer.pieces(every), strict=True):
            if word.isspace():
                gap += piece
            else:
                words.append(word.lower() if self.case == "fold" else word)
                pieces.append(gap + piece)
                gap = ""
        return Passage(text, words, pieces)

    def tunes(self, paths):
        """The tunes in MIDI files, each a ``Passage`` whose text is its name, and the report of ``midi.collect``."""
        found = collect.collect_pieces(paths, self.midi)
        tunes = [Passage(piece.name, piece.words, [f" {word}" for word in piece.words]) for piece in found.pieces]
        return tunes, found.report

    def batches(self, paths, encoding, refuse):
        """What is in files, or comes from standard input, as lists of ``Passage``: tunes of a file, or a line each.

        ``encoding`` is that of the lines, a codec's name or "auto"; raises ``UserError`` for what cannot be read. A
        file of tunes that cannot be read does not stop the others: ``refuse`` is called with a line that tells it.
        """
        if encoding != "auto":
            encoding = reader.codec_name(encoding)
        if self.midi:
            for path in paths:
                yield from self._files_of_tunes(path, refuse)
            return
        for path in paths:
            lines = _lines(path, encoding)
            yield from ([self.passage(line) for line in lines[n : n + BATCH]] for n in range(0, len(lines), BATCH))
        if not paths:
            yield from ([self.passage(line)] for line in _incoming(encoding))

    def _files_of_tunes(self, path, refuse):
        """The tunes of each file that is, or lies in, ``path``, as a list."""
        try:
            files = collect.find_music_files([path])
        except UserError as error:
            refuse(str(error))
            return
        for name, file in files:
            try:
                tunes, _ = self.tunes([file])
            except UserError as error:
                refuse(str(error))
                continue
            folder = os.path.dirname(name)
            yield [tune._replace(text=os.path.join(folder, tune.text)) for tune in tunes]


def preprocessor_of_run(about):
    """The ``Wording`` of a run, from its run.json."""
    midi = about["corpus"]["midi"]
    return Preprocessor(get_tokenizer(about["tokens"]), about["case"], midi and _settings(midi))


def _settings(midi):
    try:
        return settings.settings_from_json(midi)
    except ValueError as error:
        raise UserError(f"corpus.midi of the run is damaged: {error}") from None


def holds_music(paths):
    """Whether folders and files hold tunes; raises ``UserError`` for folders that hold texts too."""
    music, texts = collect.split_by_kind([path for path in paths if os.path.isdir(path)])
    music += [path for path in paths if os.path.isfile(path) and collect.is_music_path(path)]
    if music and texts:
        raise UserError(f"text and MIDI in one corpus: {texts[0]} and {music[0]}: a classifier learns one or the other")
    return bool(music)


def expand_source(source):
    """A source whose single folder holds one for training and others for tests, such as aclImdb, with these named."""
    if len(source["corpus"]) != 1 or not os.path.isdir(source["corpus"][0]):
        return source
    found = labeled.dataset_folders(source["corpus"][0])
    source = source | {"corpus": [found["train"]]}
    return source | {part: [found[part]] for part in ("valid", "test") if part in found and not source[part]}


def read_labeled_words(source, tokens, case, least=0):
    """The labeled words of a ``source``'s parts, their ``Wording``, and the report.

    Returns a dict: for corpus, valid and test an iterable of (label, words) pairs, None for a part that is not there.
    ``tokens`` may be "auto", ``least`` is how many examples of the corpus each class needs, 0 if it may have any
    labels. Raises ``UserError`` for what cannot be read, and for a text without words.
    """
    if source["midi"]:
        return _tunes(source, Preprocessor(get_tokenizer("midi"), "keep", _settings(source["midi"])), least)
    how = source["form"], source["encoding"], tuple(source["columns"])
    needed = {"corpus": least, "valid": 0, "test": 0}
    found = {part: labeled.read_labeled(source[part], *how, needed[part]) for part in PARTS if source[part]}
    if source["pos"] or source["neg"]:
        found["corpus"] = labeled.read_pos_neg(source["pos"], source["neg"], source["encoding"], least)
    first = found["corpus"]
    if tokens == "auto":
        tokens = choose_classifier_tokenizer("\n".join(example.text for example in first.examples[:1000])[:SAMPLE])
    wording = Preprocessor(get_tokenizer(tokens), case)
    pairs = {part: _pairs(found[part].examples, wording) if part in found else None for part in PARTS}
    return pairs, wording, {part: data.report for part, data in found.items()}


def _pairs(examples, wording):
    for example in examples:
        words = wording.words(example.text)
        if not words:
            raise UserError(f"{example.where}: no words in {example.text!r}")
        yield example.label, words


def _tunes(source, wording, least):
    pairs, reports, examples = {}, {}, {part: [] for part in PARTS}
    for part in PARTS:
        pairs[part], reports[part] = ([] if source[part] else None), []
        for folder in source[part]:
            if not os.path.isdir(folder):
                raise UserError(f"{folder}: must be a folder that holds a folder of MIDI files for each class")
            for label, paths in labeled.class_files(folder, TUNES).items():
                found, report = wording.tunes(paths)
                pairs[part] += [(label, tune.words) for tune in found]
                reports[part].append({"class": label} | report)
                examples[part] += [labeled.Example(label, "", os.path.join(folder, label))] * len(found)
    if least:
        labeled.check_classes(examples["corpus"], " ".join(source["corpus"]), least)
    return pairs, wording, {part: report for part, report in reports.items() if report}


def _lines(path, encoding):
    """The lines of a file; none of them follows the last line end."""
    try:
        with open(path, "rb") as stream:
            text, _ = reader.detect_and_decode(stream.read(), encoding)
    except (OSError, ValueError) as error:
        reason = f"cannot be read: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        raise UserError(f"{path}: {reason}") from None
    return text.removesuffix("\n").split("\n")


def _incoming(encoding):
    """The lines of standard input, as they come.

    What "auto" finds in the first line beyond ASCII holds for all after it: a line of few words by itself could be in
    more than one encoding. UTF-16 is known by its mark.
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
            text, found = reader.detect_and_decode(line, encoding) if line else ("", None)
        except ValueError as error:
            reason = str(error).replace(" in line 1)", ")")  # it knows of this line only
            raise UserError(f"standard input, line {n}: {reason}{hint}") from None
        if encoding == "auto" and not line.isascii():
            encoding, hint = SETTLED[found], f", as line {n} is: --encoding names it"
        yield text


def _recoded(stream, encoding):
    """The lines of a stream in UTF-8, from an encoding such as UTF-16, whose line ends are other bytes."""
    decode, left, n = codecs.getincrementaldecoder(encoding)().decode, "", 1
    for piece in itertools.chain(stream, [b""]):
        try:
            *lines, left = (left + decode(piece, final=not piece)).split("\n")
        except UnicodeDecodeError:
            raise UserError(f"standard input, line {n}: is not text in {encoding}") from None
        n += len(lines)
        yield from (f"{line}\n".encode() for line in lines)
    yield left.encode()
