"""Write with a trained model: ``python generate.py runs/novel ホームズ``, ``python generate.py runs/folk -o tune.mid``.

Everything about the model is in its run directory; the options here only say what to write and how boldly.
"""

import dataclasses
import itertools
import math
import os
import sys

from tsuzuri.cli import options
from tsuzuri.errors import UserError
from tsuzuri.midi.words import settings

DESCRIPTION = "Write new text or music with a model that train.py made."
TABLES = {
    "what": [
        ("run", options.text, None, "the run directory"),
        ("word", options.text, None, "the word or text to begin with; for music words, or a file of MIDI or .words"),
        ("-m --model", options.text, None, "the run directory, as an option"),
        ("-p --primetext", options.text, None, "the word, text or file to begin with, as an option"),
        ("--unk", ("error", "skip", "nearest"), "error", "what to do with a word of it that the model does not know"),
        ("--length", options.count, None, "words to write (default: 200, or 200 a sentence; music ends of itself)"),
        ("--sentences", options.count, None, "sentences to write"),
        ("-n --num-samples", options.count, 1, "texts or pieces to write, drawn side by side"),
        ("-o --out", options.path, None, "a file to write to, a folder for several pieces (default: standard output)"),
    ],
    "music": [
        ("--bars", options.count, None, "bars to write"),
        ("--seconds", options.seconds, None, "seconds to write"),
        ("--max-note", options.count, 4, "bars that a note may last at most"),
        ("--words", None, False, "write words instead of MIDI"),
        *settings.SOUND,
    ],
    "how": [
        (
            "--temperature",
            options.not_negative,
            None,
            "low is careful, high bold, 0 the likeliest (default: 1, music 0.9)",
        ),
        ("--top-k", options.count, None, "draw from the k likeliest words alone"),
        ("--top-p", options.fraction, None, "draw from the likeliest words of this share (default: 1, music 0.95)"),
        ("--escape", ("on", "off"), "on", "leave a loop by a passing rise of the temperature"),
        ("--seed", options.seed, None, "of the random generator (default: a new one, told on standard error)"),
        ("-d --device", options.text, "auto", "auto, cpu, gpu or gpu:N"),
    ],
}
WORDS = 200
BOLDNESS = {"text": {"temperature": 1.0, "top_p": 1.0}, "music": {"temperature": 0.9, "top_p": 0.95}}
ONLY_TEXT = ("sentences",)
ONLY_MUSIC = ("bars", "seconds", "max_note", "words", "tempo", "program", "plot", "wav", "soundfont")


def main(argv=None):
    given = vars(options.Parser(DESCRIPTION, TABLES).parse_args(argv))
    args = options.defaults(TABLES) | given
    place, primetext = arguments(args)

    from tsuzuri.kernels import devices
    from tsuzuri.training.run import load_run

    devices.choose(args["device"]).use()
    run = load_run(place)
    kind = run.about["kind"]
    foreign = [name for name in (ONLY_MUSIC if kind == "text" else ONLY_TEXT) if name in given]
    if foreign:
        raise UserError(f"--{foreign[0].replace('_', '-')} cannot be given: {place} was trained on {kind}")
    args |= BOLDNESS[kind] | given
    write = write_text if kind == "text" else write_music
    return write(args, run, primetext)


def write_text(args, run, primetext):
    from tsuzuri.sampling import constraints, endings
    from tsuzuri.text.tokenizers import get_tokenizer, is_closing, is_sentence_end

    words, splitter = run.vocabulary, get_tokenizer(run.about["tokens"])
    if splitter.dictionary != run.about["dictionary"]:
        tell(f"note: {run.path} was split by {run.about['dictionary']}, here is {splitter.dictionary}")
    prime = prime_ids(primetext, splitter, words, args["unk"], run.path)
    rows = draw(args, run, prime, constraints.forbid_ids([words.ids["<unk>"]]), steady=True)

    begun = [spoken(i, words) for i in prime[1:]]
    length = args["length"] or WORDS * (args["sentences"] or 1)
    ends = args["sentences"], is_sentence_end, is_closing, begun
    every = [endings.Ending(length, *ends) for _ in range(args["num_samples"])]
    write(texts(rows, words, every), begun, splitter, args["num_samples"], args["out"])


def write_music(args, run, primetext):
    from tsuzuri.midi import compose, timing
    from tsuzuri.midi.grammar import Grammar, Lexicon
    from tsuzuri.midi.words import collect

    check_music(args)
    words = run.vocabulary
    try:
        about = collect.check_midi_report(run.about["corpus"]["report"]["midi"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{run.file('run.json')}: damaged, or not a run of this program: {error}") from None
    spelling = compose.MusicVocabulary(words.words)
    begun = compose.read_beginning(primetext, about)
    events, eos = begun.events, words.ids["<eos>"]
    longest = args["max_note"] * timing.bar_length(*begun.meter, about["division"])
    lexicon, may_end = Lexicon(spelling.parsed, eos), args["length"] is None
    grammar = Grammar(lexicon, about["division"], longest, about["voices"], args["num_samples"], may_end)
    grammar.begin(events)
    tempo = round(60 * timing.SECOND / args["tempo"]) if args["tempo"] else begun.tempo
    most = args["length"] or compose.WORDS
    for unit in ("bars", "seconds"):
        if args[unit]:
            grammar.until(args[unit], unit, begun.meter, tempo, steady=args["tempo"] is not None)
            most = math.ceil(args[unit]) * compose.DENSEST
    read, unlike = compose.beginning_ids(events, spelling, "nearest" if begun.from_file else args["unk"], run.path)
    if unlike:
        tell(f"note: {unlike} of {len(events)} words to begin with are none that the model knows")
    rows = draw(args, run, [eos, *read], grammar.mask, spelling.onset_keys())
    compose.grow_pieces(rows, grammar, most)
    primed = events[-1][0] if events else 0
    save(compose.finished_pieces(grammar, begun), args, about["settings"], primed)


def check_music(args):
    """Refuse what cannot be met before any work is done, and make the folder to write to."""
    from tsuzuri import storage
    from tsuzuri.midi import export

    out = args["out"]
    export.check_outputs(args, None if args["words"] else out)
    if out is not None and export.is_midi_path(out) and (args["words"] or args["num_samples"] > 1):
        what = "words" if args["words"] else f"{args['num_samples']} pieces"
        raise UserError(f"{out}: one MIDI file cannot hold {what}: name another file, or a folder")
    if out is not None:
        storage.make_folder(os.path.dirname(out) if args["words"] or export.is_midi_path(out) else out)
    limits = [name for name in ("length", "bars", "seconds") if args[name]]
    if len(limits) > 1:
        raise UserError(f"--{limits[0]} and --{limits[1]}: give one of --length, --bars and --seconds")


def draw(args, run, prime, constrain, onset_keys=None, steady=False):
    """The stream of ids (B,) that follow the ids of ``prime``, as the options have it.

    ``steady``: what ``constrain`` forbids does not change; ``onset_keys``: see ``LoopEscape``.
    """
    import numpy

    from tsuzuri.kernels import devices
    from tsuzuri.sampling import filters
    from tsuzuri.sampling.loops import LoopEscape
    from tsuzuri.sampling.stream import generate_words, generate_words_on_gpu

    model = run.load_best()
    model.to_device(devices.choose(args["device"]))
    seed = args["seed"] if args["seed"] is not None else int.from_bytes(os.urandom(4), "little")
    tell(f"seed {seed}")
    how = args["temperature"], args["top_k"], args["top_p"]
    batch, rng = args["num_samples"], numpy.random.default_rng(seed)
    escape = LoopEscape(batch, onset_keys) if args["escape"] == "on" else None
    writer = model.writer(batch, how, rng, escape, own_masks=not steady)
    if writer:
        return generate_words_on_gpu(writer, prime, constrain, steady)
    return generate_words(model, prime, filters.make_sampler(*how), constrain, rng, batch, escape)


def arguments(args):
    """The run directory and the text to begin with, each given in its place or as an option."""
    places = [args[name] for name in ("model", "run", "word") if args[name] is not None]
    if not places:
        raise UserError("no run directory: name one that train.py made")
    place, *texts = places + [args["primetext"]] * (args["primetext"] is not None)
    if len(texts) > 1:
        raise UserError(f"{texts[1]}: one run directory and one text to begin with are enough")
    return place, "".join(texts)


def prime_ids(text, splitter, words, unknown, where):
    """The ids to begin with: the line end that stands before every line, then ``text`` split as the corpus was."""
    ids = [words.ids["<eos>"]]
    for number, line in enumerate(text.split("\n")):
        if number:
            ids.append(words.ids["<eos>"])
        for word in splitter.split(line):
            if word in words.ids and word != "<unk>":
                ids.append(words.ids[word])
                continue
            nearest = words.nearest(word)
            if unknown == "error" or (unknown == "nearest" and not nearest):
                known = f"{where} knows {', '.join(nearest) or 'none like it'}"
                raise UserError(f"{word!r}: not a known word; {known} (--unk skip or --unk nearest goes on)")
            if unknown == "nearest":
                tell(f"note: {nearest[0]} for {word}")
                ids.append(words.ids[nearest[0]])
            else:
                tell(f"note: without {word}")
    return ids


def spoken(i, words):
    """The word of an id as text, the end of a line as one."""
    return "\n" if words.words[i] == "<eos>" else words.words[i]


def texts(rows, words, endings):
    """Yield (n, word) for each word of the n-th text, until all are over."""
    for row in rows:
        for n, ending in enumerate(endings):
            word = spoken(row[n], words)
            if not ending.over and ending.take(word):
                yield n, word
        if all(ending.over for ending in endings):
            return


def write(pairs, begun, splitter, count, out):
    """Print a text word by word as it is made; several texts, or one for a file, when they are done."""
    from tsuzuri import storage

    if count == 1 and out is None:
        for piece in splitter.pieces(itertools.chain(begun, (word for _, word in pairs))):
            sys.stdout.write(piece)
            sys.stdout.flush()
        print()
        return
    made = [list(begun) for _ in range(count)]
    for n, word in pairs:
        made[n].append(word)
    lines = []
    for n, words in enumerate(made):
        lines += [f"======== {n + 1} of {count} ========"] * (count > 1) + [splitter.join(words)]
    content = "\n".join(lines) + "\n"
    if out is None:
        sys.stdout.write(content)
    else:
        storage.write_file(out, content.encode())


def save(pieces, args, converted, primed):
    """Write pieces as MIDI files, and when all are there, what is wanted beside them; or write them as words."""
    from tsuzuri import storage
    from tsuzuri.midi import export
    from tsuzuri.midi.words import convert, settings, wordfile

    out = args["out"]
    if args["words"] or out is None:
        made = dataclasses.replace(settings.settings_from_json(converted), transpose=(0, 0), stretch=())
        lines, about = wordfile.dump_words(made, pieces, {})
        if out is None:
            sys.stdout.write(lines.decode())
        else:
            storage.write_file(out, lines)
            if os.path.isfile(out):
                storage.write_file(out + ".json", about)
        return
    paths = export.output_paths(out, pieces)
    made = [convert.encode_piece(piece, args["tempo"], args["program"])[0] for piece in pieces]
    for path, data in export.output_files(paths, made, args, primed):
        storage.write_file(path, data)
    tell(f"wrote {out if export.is_midi_path(out) else f'{len(pieces)} pieces into {out}'}")


def tell(line):
    print(line, file=sys.stderr, flush=True)
