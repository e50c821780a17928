"""Text or music from a model: ``python generate.py runs/novel ホームズ``, ``python generate.py runs/folk -o a.mid``.

Everything about the model is in its run directory; the options here say what to generate and how freely to draw.
"""

import dataclasses
import itertools
import math
import os
import sys

from tsuzuri.cli import console, options
from tsuzuri.errors import UserError
from tsuzuri.midi.words import settings
from tsuzuri.options.generate import ONLY_MUSIC, ONLY_TEXT, TABLES
from tsuzuri.options.resolve import defaults

DESCRIPTION = "Generate new text or music with a model trained by train.py."
WORDS_A_SENTENCE = 200  # at most, unless --length says otherwise
SAMPLING = {"text": {"temperature": 1.0, "top_p": 1.0}, "music": {"temperature": 0.9, "top_p": 0.95}}


def main(argv=None):
    explicit = vars(options.Parser(DESCRIPTION, TABLES).parse_args(argv))  # the options on the command line
    args = defaults(TABLES) | explicit
    path, prime = run_and_prime(args)

    from tsuzuri.kernels import devices
    from tsuzuri.training.run import load_run

    devices.choose(args["device"]).use()
    run = load_run(path)
    kind = run.about["kind"]
    foreign = [name for name in (ONLY_MUSIC if kind == "text" else ONLY_TEXT) if name in explicit]
    if foreign:
        raise UserError(f"--{foreign[0].replace('_', '-')} cannot be given: {path} was trained on {kind}")
    args |= SAMPLING[kind] | explicit
    generate = generate_text if kind == "text" else generate_music
    generate(args, run, prime)


def run_and_prime(args):
    """The run directory and the text to begin with, each a positional argument or an option."""
    values = [args[name] for name in ("model", "run", "word") if args[name] is not None]
    if not values:
        raise UserError("no run directory: name one that train.py made")
    path, *primes = values + [args["primetext"]] * (args["primetext"] is not None)
    if len(primes) > 1:
        raise UserError(f"{primes[1]}: one run directory and one text to begin with are enough")
    return path, "".join(primes)


def draw_ids(args, run, prime_ids, constrain, onset_keys=None, steady=False):
    """The endless stream of ids (B,) that follow ``prime_ids``, drawn as the options say.

    ``steady``: what ``constrain`` forbids never changes; ``onset_keys``: see ``LoopEscape``.
    """
    import numpy

    from tsuzuri.kernels import devices
    from tsuzuri.sampling import filters
    from tsuzuri.sampling.loops import LoopEscape
    from tsuzuri.sampling.stream import generate_words, generate_words_on_gpu

    model = run.load_best()
    model.to_device(devices.choose(args["device"]))
    seed = args["seed"] if args["seed"] is not None else int.from_bytes(os.urandom(4), "little")
    console.note(f"seed {seed}")
    cuts = args["temperature"], args["top_k"], args["top_p"]
    batch, rng = args["num_samples"], numpy.random.default_rng(seed)
    escape = LoopEscape(batch, onset_keys) if args["escape"] else None
    writer = model.writer(batch, cuts, rng, escape, own_masks=not steady)
    if writer:
        return generate_words_on_gpu(writer, prime_ids, constrain, steady)
    return generate_words(model, prime_ids, filters.make_sampler(*cuts), constrain, rng, batch, escape)


# Text


def generate_text(args, run, prime):
    """Generate texts that follow the text ``prime``, and print or write them."""
    from tsuzuri.sampling import constraints, endings
    from tsuzuri.text.tokenizers import get_tokenizer, is_closing, is_sentence_end

    vocabulary, tokenizer = run.vocabulary, get_tokenizer(run.about["tokens"])
    if tokenizer.dictionary != run.about["dictionary"]:
        console.note(
            f"note: {run.path} was tokenized with {run.about['dictionary']}, the one here is {tokenizer.dictionary}"
        )
    prime_ids = text_prime_ids(prime, tokenizer, vocabulary, args["unk"], run.path)
    rows = draw_ids(args, run, prime_ids, constraints.forbid_ids([vocabulary.ids["<unk>"]]), steady=True)

    prime_words = [printed_word(i, vocabulary) for i in prime_ids[1:]]
    length = args["length"] or WORDS_A_SENTENCE * (args["sentences"] or 1)
    count, rules = args["num_samples"], (args["sentences"], is_sentence_end, is_closing, prime_words)
    numbered_words = words_until_ended(rows, vocabulary, [endings.Ending(length, *rules) for _ in range(count)])
    if count == 1 and args["out"] is None:
        print_text(itertools.chain(prime_words, (word for _, word in numbered_words)), tokenizer)
    else:
        write_texts(numbered_words, prime_words, tokenizer, count, args["out"])


def text_prime_ids(text, tokenizer, vocabulary, unknown, run_path):
    """The ids to begin with: the line end that stands before every line, then ``text`` split as the corpus was.

    ``unknown`` says what becomes of a word that is not in the vocabulary: "error" raises ``UserError``.
    """
    ids = [vocabulary.ids["<eos>"]]
    for number, line in enumerate(text.split("\n")):
        if number:
            ids.append(vocabulary.ids["<eos>"])
        for word in tokenizer.split(line):
            if word in vocabulary.ids and word != "<unk>":
                ids.append(vocabulary.ids[word])
                continue
            nearest = vocabulary.nearest(word)
            if unknown == "error" or (unknown == "nearest" and not nearest):
                known = f"{run_path} knows {', '.join(nearest) or 'none like it'}"
                raise UserError(f"{word!r}: not a known word; {known} (--unk skip or --unk nearest goes on)")
            if unknown == "nearest":
                console.note(f"note: {nearest[0]} for {word}")
                ids.append(vocabulary.ids[nearest[0]])
            else:
                console.note(f"note: without {word}")
    return ids


def printed_word(i, vocabulary):
    """The word of an id as it is printed: the line end as a line end."""
    return "\n" if vocabulary.words[i] == "<eos>" else vocabulary.words[i]


def words_until_ended(rows, vocabulary, text_endings):
    """Yield (n, word) for each word of the n-th text, until all texts have ended."""
    for row in rows:
        for n, ending in enumerate(text_endings):
            word = printed_word(row[n], vocabulary)
            if not ending.over and ending.take(word):
                yield n, word
        if all(ending.over for ending in text_endings):
            return


def print_text(words, tokenizer):
    """Print one text on standard output, each word as soon as it is drawn."""
    for piece in tokenizer.pieces(words):
        sys.stdout.write(piece)
        sys.stdout.flush()
    print()


def write_texts(numbered_words, prime_words, tokenizer, count, out):
    """Write all texts once they have ended: to the file ``out``, or standard output where it is None."""
    from tsuzuri import storage

    texts = [list(prime_words) for _ in range(count)]
    for n, word in numbered_words:
        texts[n].append(word)
    lines = []
    for n, words in enumerate(texts):
        lines += [f"======== {n + 1} of {count} ========"] * (count > 1) + [tokenizer.join(words)]
    content = "\n".join(lines) + "\n"
    if out is None:
        sys.stdout.write(content)
    else:
        storage.write_file(out, content.encode())


# Music


def generate_music(args, run, prime):
    """Generate pieces that follow ``prime``, words or the path of a file, and write them as MIDI or as words."""
    from tsuzuri.midi import compose
    from tsuzuri.midi.words import collect

    check_music_output(args)
    try:
        about = collect.check_midi_report(run.about["corpus"]["report"]["midi"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{run.file('run.json')}: damaged, or not a run of this program: {error}") from None
    vocabulary, eos = compose.MusicVocabulary(run.vocabulary.words), run.vocabulary.ids["<eos>"]
    beginning = compose.read_beginning(prime, about)
    grammar, length = start_grammar(args, about, beginning, vocabulary, eos)
    unknown = "nearest" if beginning.from_file else args["unk"]
    prime_ids, unlike = compose.beginning_ids(beginning.events, vocabulary, unknown, run.path)
    if unlike:
        console.note(f"note: the model does not know {unlike} of the {len(beginning.events)} words to begin with")
    rows = draw_ids(args, run, [eos, *prime_ids], grammar.mask, vocabulary.onset_keys())
    compose.grow_pieces(rows, grammar, length)
    pieces = compose.finished_pieces(grammar, beginning)
    if args["words"] or args["out"] is None:
        write_words(pieces, about["settings"], args["out"])
    else:
        write_midi_files(pieces, args, primed=beginning.events[-1][0] if beginning.events else 0)


def check_music_output(args):
    """Refuse what cannot be met before any work is done, and make the folder to write to."""
    from tsuzuri import storage
    from tsuzuri.midi import export

    out = args["out"]
    export.check_outputs(args, None if args["words"] else out)
    if out is not None and export.is_midi_path(out) and (args["words"] or args["num_samples"] > 1):
        content = "words" if args["words"] else f"{args['num_samples']} pieces"
        raise UserError(f"{out}: one MIDI file cannot hold {content}: name another file, or a folder")
    if out is not None:
        storage.make_folder(os.path.dirname(out) if args["words"] or export.is_midi_path(out) else out)
    limits = [name for name in ("length", "bars", "seconds") if args[name]]
    if len(limits) > 1:
        raise UserError(f"--{limits[0]} and --{limits[1]}: give one of --length, --bars and --seconds")


def start_grammar(args, about, beginning, vocabulary, eos):
    """The ``Grammar`` of the pieces, which has taken their beginning, and after how many words it is to close them."""
    from tsuzuri.midi import compose, timing
    from tsuzuri.midi.grammar import Grammar, Lexicon

    longest = args["max_note"] * timing.bar_length(*beginning.meter, about["division"])
    lexicon, may_end = Lexicon(vocabulary.parsed, eos), args["length"] is None
    grammar = Grammar(lexicon, about["division"], longest, about["voices"], args["num_samples"], may_end)
    grammar.begin(beginning.events)
    tempo = round(60 * timing.SECOND / args["tempo"]) if args["tempo"] else beginning.tempo
    length = args["length"] or compose.LONGEST
    for unit in ("bars", "seconds"):
        if args[unit]:
            grammar.end_after(args[unit], unit, beginning.meter, tempo, steady=args["tempo"] is not None)
            length = math.ceil(args[unit]) * compose.DENSEST
    return grammar, length


def write_words(pieces, run_settings, out):
    """Write pieces as a file of words with its description, or on standard output where ``out`` is None."""
    from tsuzuri import storage
    from tsuzuri.midi.words import wordfile

    own_settings = dataclasses.replace(settings.settings_from_json(run_settings), transpose=(0, 0), stretch=())
    lines, description = wordfile.dump_words(own_settings, pieces, {})
    if out is None:
        sys.stdout.write(lines.decode())
        return
    storage.write_file(out, lines)
    if os.path.isfile(out):
        storage.write_file(out + ".json", description)


def write_midi_files(pieces, args, primed):
    """Write pieces as MIDI files and, once all of these are there, their pictures and sound.

    Events before tick ``primed`` are shaded in the pictures.
    """
    from tsuzuri import storage
    from tsuzuri.midi import export
    from tsuzuri.midi.words import convert

    out = args["out"]
    paths = export.output_paths(out, pieces)
    midi = [convert.encode_piece(piece, args["tempo"], args["program"])[0] for piece in pieces]
    for path, data in export.output_files(paths, midi, args, primed):
        storage.write_file(path, data)
    console.note(f"wrote {out if export.is_midi_path(out) else f'{len(pieces)} pieces into {out}'}")
