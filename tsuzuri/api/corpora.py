"""Corpora of language models: options to what run.json keeps of them, that to words, and these to lines for people."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy

from tsuzuri.data.corpus import EACH, Corpus, build_piece_corpus, build_text_corpus
from tsuzuri.data.places import piece_places
from tsuzuri.data.remarks import remark_lines
from tsuzuri.errors import UserError
from tsuzuri.midi.compose import MusicVocabulary
from tsuzuri.midi.forms import Form, forms_of_ids, pack_forms
from tsuzuri.midi.words import about, codec, collect, settings, sources
from tsuzuri.midi.words import report as music_report
from tsuzuri.midi.words.convert import PieceWords
from tsuzuri.text import settings as text_settings
from tsuzuri.text.scripts import scripts_line
from tsuzuri.text.vocabulary import EOS
from tsuzuri.training.schemas import LanguageModelRecipe

NAMES = {"valid": "validation", "test": "test"}
NAMED = 3  # texts at most, of those left out
SHOWN = 20  # files that were skipped


def corpus_source(args: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """What a corpus is made of, as run.json keeps it: its files, whether text or music, and how they become words.

    ``args`` are all options of train.py and ``given`` the names of those that were given. Raises ``UserError``.
    """
    files = {name: [os.path.abspath(path) for path in args[name]] for name in ("corpus", "valid", "test")}
    music, texts = sources.split_by_kind([path for paths in files.values() for path in paths])
    if music and texts:
        raise UserError(f"text and MIDI in one corpus: {texts[0]} and {music[0]}: a model learns one or the other")
    if not music and not texts and files["corpus"]:
        raise UserError(sources.nothing_to_learn(args["corpus"]))
    foreign = {*given} & (text_settings.ALLOWED.keys() if music else settings.ALLOWED.keys())
    if foreign:
        name = min(foreign).replace("_", "-")
        raise UserError(f"--{name} is for {'text' if music else 'MIDI'}, and {args['corpus'][0]} is not")
    least = args["min_count"] or (1 if music else 2)
    source = {"kind": "music" if music else "text", "min_count": least, "vocab_size": args["vocab_size"]} | files
    source["spread"] = EACH
    return source | (
        {"midi": dataclasses.asdict(settings.settings_from_options(args))}
        if music
        else {"text": dataclasses.asdict(text_settings.text_settings_from_options(args))}
    )


def read_corpus(
    source: Mapping[str, Any],
    recipe: LanguageModelRecipe,
    asked: Collection[str] = (),
    subwords: bytes = b"",
    known: Collection[str] = (),
) -> Corpus:
    """The corpus that a run's settings name; raises ``UserError`` where it is too small for a window.

    ``asked`` are the settings for MIDI that were given as options; ``subwords`` the bytes of the model of subwords that
    is there already, ``known`` the words of a model that is begun with.
    """
    need = recipe.batchsize * (recipe.bproplen + 1)
    paths, valid, test = (source[name] for name in ("corpus", "valid", "test"))
    bounds = source["vocab_size"], source["min_count"], need
    if source["kind"] == "text":
        text = text_settings.text_settings_from_json(source["text"])
        return build_text_corpus(paths, valid, test, text, *bounds, source["spread"], subwords, known)
    wanted = settings.settings_from_json(source["midi"])
    main = collect.collect_pieces(paths, wanted, asked=asked)
    held_out = [collect.collect_pieces(part, wanted, asked=asked) if part else None for part in (valid, test)]
    groups = [collect.group_copies(in_model_words(part.pieces, main.settings)) if part else None for part in held_out]
    learned, name = in_model_words(main.pieces, main.settings), " ".join(paths)
    main_groups = collect.group_copies(learned)
    try:
        corpus = build_piece_corpus(main_groups, groups[0], groups[1], *bounds, name, known)
    except UserError as error:
        read = [part.report for part in (main, *held_out) if part]
        hints = music_report.refused_hint(read), music_report.parts_hint(main.report, main.settings)
        raise UserError("; ".join(filter(None, (str(error), *hints)))) from None
    named = ((piece.name, piece.words) for piece in learned)
    corpus = corpus._replace(places=piece_places(corpus.train, named, corpus.vocabulary))
    pieces = [piece for part in (main, *held_out) if part for piece in part.pieces]
    corpus.report["midi"] = (
        main.report | collect.common_settings(pieces) | {"settings": dataclasses.asdict(main.settings)}
    )
    if main.settings.words == settings.BY_EVENT:
        forms = run_forms(corpus.train, corpus.vocabulary.words, corpus.report["midi"])
        corpus.report["midi"]["forms"] = pack_forms(forms)
    return corpus


def run_forms(ids: numpy.ndarray, words: Sequence[str], report: Mapping[str, Any]) -> dict[int, list[Form]]:
    """The forms of the pieces in ``ids``, by ticks a bar; ``report`` is that of their MIDI."""
    meter: tuple[int, int] = tuple(report["meter"])
    common = settings.settings_from_json(report["settings"]).keys == settings.ONE
    return forms_of_ids(ids.tolist(), MusicVocabulary(words).parsed, EOS, meter, report["division"], common)


def in_model_words(pieces: Iterable[PieceWords], learned: settings.Settings) -> list[PieceWords]:
    """The pieces with the words of a model that has ``learned`` by these settings (``about.model_words``).

    Where it learned pieces that say what they are, those of files of words that do not are given such a beginning.
    """
    if learned.about:
        pieces = [_with_opening(piece) for piece in pieces]
    return [piece._replace(words=about.model_words(piece.words, learned.keys, learned.words)) for piece in pieces]


def _with_opening(piece: PieceWords) -> PieceWords:
    events, _ = codec.decode_events(piece.words, piece.division)
    if about.split_about(events)[0]:
        return piece
    said, rest = about.said_and_rest(events, piece.division, piece.tempo, piece.meter, piece.programs)
    return piece._replace(words=codec.encode_events([*said, *rest], codec.kind_of_words(piece.words)))


def corpus_lines(corpus: Corpus, count: int) -> Iterator[str]:
    """What was read, in lines for people, before hours go into it; ``count`` is the windows of an epoch."""
    r = corpus.report
    if "midi" in r:
        m = r["midi"]
        mended = f"{len(m['mended'])} mended, {len(m['refused'])} refused"
        yield f"read     {_counted(m['files'], 'file')}, {_counted(m['notes'], 'note')}; {mended}"
        yield from (f"refused  {item['name']}: {item['reason']}" for item in m["refused"])
        yield from collect.left_out_lines([(item["name"], item["reason"]) for item in m.get("left_out", ())])
        made_by = settings.settings_from_json(m["settings"])
        hint = music_report.parts_hint(m, made_by)
        yield from (*music_report.parts_lines(m, made_by), *[f"hint     {hint}"] * bool(hint))
        yield from music_report.keys_lines(m, made_by)
        yield f"pieces   {r['pieces']:,} different ones ({r['twice']} twice), and {r['copies']:,} copies of them"
    else:
        yield from _text_lines(r)
    splits = ", ".join(f"{r['words'][s]:,} {s} ({r['unknown'][s]:.1%} unknown)" for s in r["words"])
    yield f"words    {splits}; by {corpus.tokenizer.name} {corpus.tokenizer.dictionary}".rstrip()
    scripts = scripts_line(corpus.tokenizer.name, r.get("scripts") or {})
    if scripts:
        yield f"scripts  {scripts}"
    share = r["singletons"] / max(1, r["distinct"])
    unseen = r.get("unseen", 0)
    known = f"{r['vocabulary'] - 1 - unseen:,} of {r['distinct']:,} distinct words"
    more = f", {unseen:,} more that are known already" if unseen else ""
    yield f"ids      {known} ({share:.0%} of them seen once){more}, and <unk>"
    yield f"windows  about {count:,} an epoch"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _text_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What was read of texts, and what was left out."""
    files = report["files"]
    gutenberg = f", {files['gutenberg']} of Project Gutenberg" if files["gutenberg"] else ""
    lines = _counted(report["pieces"], "line")
    if report["paragraphs"] != report["pieces"]:
        lines += f" in {_counted(report['paragraphs'], 'paragraph')}"
    read = _counted(sum(files.values()), "file")
    yield f"read     {read} ({files['aozora']} of Aozora Bunko{gutenberg}), {lines}"
    yield from (f"skipped  {item['name']}: {item['reason']}" for item in report["skipped"][:SHOWN])
    if len(report["skipped"]) > SHOWN:
        yield f"skipped  {len(report['skipped']) - SHOWN:,} more"
    yield from remark_lines(report["remarks"])
    for items, why in (
        (report["repeated"], ("is the same as another", "are the same as others")),
        (report["evaluated"], ("is in --valid or --test too", "are in --valid or --test too")),
    ):
        if items:
            pairs = [_same(**item) for item in items[:NAMED]]
            more = f" and {len(items) - NAMED:,} more" if len(items) > NAMED else ""
            yield f"left out {len(items):,} that {why[len(items) > 1]}: {', '.join(pairs)}{more}"
    yield from _held_out_lines(report["held_out"])


def _held_out_lines(held_out: Mapping[str, Any]) -> Iterator[str]:
    """Which of several texts validation and test text is of; of one text it is always the end."""
    texts, splits = held_out["texts"], " and ".join(NAMES[split] for split in held_out["splits"])
    if texts == 1 or not splits:
        return
    if held_out["way"] == "texts":
        for split, held in held_out["names"].items():
            more = f" and {held['count'] - len(held['first']):,} more" if held["count"] > len(held["first"]) else ""
            named = f"{', '.join(held['first'])}{more}"
            yield f"held out {held['count']:,} of {texts:,} texts for {NAMES[split]}: {named}"
    else:
        of = f"each of the {texts:,} texts" if held_out["way"] == "ends" else f"the {texts:,} texts, as one"
        yield f"held out the end of {of}, for {splits}"


def _same(name: str, same_as: str) -> str:
    return f"{name} is {same_as}" if name != same_as else f"{name} is there twice"
