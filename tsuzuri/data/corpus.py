"""Documents to ids: tokenize, split into training, validation and test pieces, count the vocabulary, encode."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy

from tsuzuri.data import duplicates
from tsuzuri.data.characters import size_report
from tsuzuri.data.places import text_places
from tsuzuri.data.remarks import remarks_report
from tsuzuri.data.subword_parts import subword_parts
from tsuzuri.data.text_stream import HELD_OUT, SPLITS, SplitText, TextStream, first_seen_ids, split_text
from tsuzuri.errors import UserError
from tsuzuri.text import reader, scripts, vocabulary
from tsuzuri.text.brackets import bracket_habits
from tsuzuri.text.normalization import normalize_lines
from tsuzuri.text.paragraphs import looks_wrapped
from tsuzuri.text.settings import DROP, KEEP, USUAL, TextSettings
from tsuzuri.text.sign_pairs import sign_followers
from tsuzuri.text.tokenizers import SUBWORD, Tokenizer, get_tokenizer

EACH, END = "each", "end"  # what is held out of several texts; the end of all in runs from before
SPREAD = (EACH, END)
Group = Sequence[Sequence[str]]  # pieces: an original and the copies made of it


class Corpus(NamedTuple):
    """What a model is trained on: three int32 arrays of ids, each piece ended by ``<eos>``, and how they were made.

    ``documents`` has for each of them where its documents begin, int64 and ascending from 0: a document is a text, a
    tune, or the part of one that is in the split.
    """

    train: numpy.ndarray
    valid: numpy.ndarray
    test: numpy.ndarray
    vocabulary: vocabulary.Vocabulary
    tokenizer: Tokenizer
    report: dict
    documents: Mapping[str, numpy.ndarray]
    places: Sequence[tuple[str, int]] = ()  # the name of each text or tune, and where it begins in the training part

    def fingerprint(self) -> str:
        """A digest of the ids: corpora with the same digest are the same to a model."""
        digest = hashlib.sha256()
        for ids in (self.train, self.valid, self.test):
            digest.update(numpy.ascontiguousarray(ids, "<i4").tobytes() + b"|")
        return digest.hexdigest()

    def beginnings(self) -> str:
        """A digest of where the documents begin: with the ids it is all that a training reads."""
        digest = hashlib.sha256()
        for split in SPLITS:
            digest.update(numpy.ascontiguousarray(self.documents[split], "<i8").tobytes() + b"|")
        return digest.hexdigest()


def build_text_corpus(
    paths: Sequence[str],
    valid: Sequence[str] = (),
    test: Sequence[str] = (),
    settings: TextSettings = USUAL,
    size: int | None = None,
    least: int = 2,
    need: int = 2,
    spread: str = EACH,
    model: bytes = b"",
    known: Collection[str] = (),
) -> Corpus:
    """The ``Corpus`` of the texts under ``paths``; ``valid`` and ``test`` name files of their own for these splits.

    ``settings`` say how they are read; ``size`` and ``least`` bound the vocabulary, which is counted on the
    training pieces alone, by its number of ids and by how often a word must be seen; those that are ``known`` to a
    model that is begun with are in it whether they are seen or not, as room allows. ``need`` is the least number of
    training words. ``spread``, of ``SPREAD``, says what is held out of several texts. Subwords are learned from the
    training pieces too, unless ``model`` is what is known of them already. Raises ``UserError`` for a file that cannot
    be read and for a corpus that is too small.
    """
    texts = _Texts(settings)
    main = texts.read(paths)
    own = {split: texts.read(sources) for split, sources in (("valid", valid), ("test", test)) if sources}
    evaluated = main.leave_out(own.values()) if texts.distinct else []
    report = texts.report(main) | {"evaluated": evaluated}
    if not main.ends:
        raise UserError(f"{' '.join(paths)}: no text is left to train on: all are in --valid or --test too")
    parts, report["held_out"] = split_text(main, own, not texts.distinct, spread == EACH)
    trained = parts["train"].keys
    report["known_lines"] = {split: duplicates.share_of_known(parts[split].keys, trained) for split in SPLITS[1:]}
    if texts.tokenizer.name == SUBWORD:  # so far its words are characters
        parts, index, tokenizer = subword_parts(parts, texts.index, model, least, size)
        corpus = _corpus(parts, index, tokenizer, report, None, 0, need, " ".join(paths), known)
    else:
        corpus = _corpus(parts, texts.index, texts.tokenizer, report, size, least, need, " ".join(paths), known)
    habits = bracket_habits(corpus.train, corpus.vocabulary.words, vocabulary.EOS)
    report["brackets"] = habits.report()
    report["signs"] = sign_followers(corpus.train, corpus.vocabulary.words)
    return corpus._replace(places=text_places(parts["train"]))


def build_piece_corpus(
    groups: Sequence[Group],
    valid: Sequence[Group] | None = None,
    test: Sequence[Group] | None = None,
    size: int | None = None,
    least: int = 1,
    need: int = 2,
    name: str = "the corpus",
    known: Collection[str] = (),
) -> Corpus:
    """The ``Corpus`` of pieces that are words already, such as music.

    Each of ``groups`` is a list of pieces, which are lists of words: an original and the copies made of it, which are
    trained on together with it, but never validated or tested on. ``valid`` and ``test`` are groups for these splits;
    without them pieces at equal distances are held out. The rest is as in ``build_text_corpus``; ``name`` stands in
    messages of errors.
    """
    groups, repeated = _distinct(groups)
    splits = _hold_out_pieces(groups, valid, test, name)
    index = first_seen_ids()
    parts = {}
    for split, pieces in splits.items():
        stream = TextStream(list, index)
        stream.add(pieces)
        starts = numpy.cumsum([0, *(len(piece) + 1 for piece in pieces[:-1])])
        parts[split] = SplitText(stream.array(), starts, numpy.zeros(0, "q"))
    report = {"pieces": len(groups), "copies": sum(map(len, groups)) - len(groups), "twice": repeated}
    return _corpus(parts, index, get_tokenizer("midi"), report, size, least, need, name, known)


class _Texts:
    """Reads texts into streams that share an index and a tokenizer, which the first texts decide unless it is named."""

    def __init__(self, settings):
        self.settings, self.index, self.tokenizer, self.shares = settings, first_seen_ids(), None, {}
        if settings.tokens != "auto":
            self.tokenizer = get_tokenizer(settings.tokens, settings)
        self.distinct = settings.lines != DROP  # runs from before have all of their texts
        self.files, self.skipped, self.repeated = dict.fromkeys(reader.KINDS, 0), [], []
        self.wrapped, self.remarks = 0, []

    def read(self, sources):
        """The ``TextStream`` of all texts under some paths, each once."""
        stream = None
        for document in self._with_tokenizer(reader.read_documents(sources, self.settings)):
            if isinstance(document, reader.Skipped):
                self.skipped.append(document._asdict())
                continue
            stream = stream or TextStream(self.tokenizer.split, self.index)
            pieces = normalize_lines(document.pieces, self.settings.normalize)
            same = stream.add_text(document.name, pieces, self.distinct)
            if same is not None:
                self.repeated.append({"name": document.name, "same_as": same})
                continue
            self.files[document.kind] += 1
            self.remarks += [(document.name, remark) for remark in document.remarks]
            self._look_at(document)
        if stream is None:
            reasons = "; ".join(f"{item['name']} {item['reason']}" for item in self.skipped[:3])
            raise UserError(f"{' '.join(sources)}: no text that can be read ({reasons})")
        return stream

    def _look_at(self, document):
        if self.settings.lines == KEEP and document.kind != "aozora":
            self.wrapped += looks_wrapped(document.pieces)

    def _with_tokenizer(self, documents):
        """The documents, and a tokenizer that suits all of them if there was none."""
        if self.tokenizer:
            return documents
        held = scripts.Held(documents)
        self.shares = held.choice.shares
        self.tokenizer = get_tokenizer(held.choice.tokens, self.settings)
        return held.documents()

    def report(self, main):
        """What was read, and of it the corpus itself, the stream ``main``."""
        return {
            "files": self.files,
            "skipped": self.skipped,
            "scripts": self.shares,
            "remarks": remarks_report(self.remarks),
            "repeated": self.repeated,
            "wrapped": self.wrapped,
            "pieces": len(main.ends),
            "paragraphs": sum(text.paragraphs for text in main.texts),
        }


def _corpus(parts, index, tokenizer, report, size, least, need, name, known):
    """Count the vocabulary on the training part, and translate all parts from ids of ``index`` into its ids."""
    train = parts["train"].ids
    if len(train) < need:
        skipped = report.get("skipped", ())
        first = f"; skipped {skipped[0]['name']}: {skipped[0]['reason']}" if skipped else ""
        raise UserError(
            f"{name}: too small: {len(train)} words to train on, at least {need} are needed "
            f"(add some, or lower --batchsize or --bproplen){first}"
            + f", and {len(skipped) - 1:,} more"
            * (len(skipped) > 1)
        )
    words = list(index)
    counts = numpy.bincount(train, minlength=len(words))
    seen = {w: int(n) for w, n in zip(words, counts, strict=True)}
    vocab = vocabulary.build_vocabulary(seen, least, size, known)
    final_ids = vocab.encode(words)
    encoded = {split: final_ids[part.ids] for split, part in parts.items()}
    report |= {
        "words": {split: len(ids) for split, ids in encoded.items()},
        "documents": {split: len(part.starts) for split, part in parts.items()},
        "distinct": int((counts > 0).sum()),
        "singletons": int((counts == 1).sum()),
        "vocabulary": len(vocab),
        "unknown": {split: _unknown(part.ids, encoded[split], counts, least) for split, part in parts.items()},
    }
    if known:
        report["unseen"] = sum(not seen.get(word) for word in vocab.words[len(vocabulary.SPECIAL) :])
    if tokenizer.name != "midi":
        report["size"] = {
            split: size_report([words[i] for i in parts[split].ids], tokenizer, vocab) for split in SPLITS[1:]
        }
    documents = {split: parts[split].starts for split in SPLITS}
    return Corpus(*(encoded[split] for split in SPLITS), vocab, tokenizer, report, documents)


def _unknown(words, ids, counts, least):
    """The share of ``UNK``; the word ``<unk>`` of a text itself is as known as others that are trained on so often."""
    unknown = ids == vocabulary.UNK
    if counts[vocabulary.UNK] >= least:
        unknown &= words != vocabulary.UNK
    return float(unknown.mean())


def _distinct(groups):
    """The groups whose originals differ, so that none is both trained and tested on, and how many were left out."""
    first = {tuple(group[0]): group for group in reversed(groups)}
    kept = list(reversed(first.values()))
    return kept, len(groups) - len(kept)


def _hold_out_pieces(groups, valid, test, name):
    """The pieces of each split, training first; splits without pieces of their own are held out of ``groups``."""
    own = {split: groups for split, groups in (("valid", valid), ("test", test)) if groups is not None}
    own = {split: [group[0] for group in groups] for split, groups in own.items()}
    evaluated = {tuple(piece) for pieces in own.values() for piece in pieces}
    groups = [group for group in groups if tuple(group[0]) not in evaluated]
    if not groups:
        raise UserError(f"{name}: no piece is left to train on")
    missing = [split for split in ("valid", "test") if split not in own]
    return (_hold_out_ends if len(groups) < 3 else _hold_out_whole)(groups, missing) | own


def _hold_out_whole(groups, missing):
    """Hold out pieces at equal distances for the ``missing`` splits, and leave their copies out of training."""
    held = max(1, round(HELD_OUT * len(groups)))
    places = [round((i + 0.5) * len(groups) / held) for i in range(held)]
    splits = {split: [groups[place - shift][0] for place in places] for shift, split in enumerate(missing)}
    out = {place - shift for place in places for shift in range(len(missing))}
    return {"train": [piece for i, group in enumerate(groups) if i not in out for piece in group]} | splits


def _hold_out_ends(groups, missing):
    """Hold out the ends of one or two pieces, of which none can be spared; training leaves out those of copies too."""
    stop = 1 - HELD_OUT * len(missing)
    splits = {"train": [_between(piece, 0, stop) for group in groups for piece in group]}
    for split in reversed(missing):
        splits[split] = [_between(group[0], stop, stop + HELD_OUT) for group in groups]
        stop += HELD_OUT
    return splits


def _between(piece, start, stop):
    """The words of a piece from one share of its length to another."""
    return piece[round(start * len(piece)) : round(stop * len(piece))]
