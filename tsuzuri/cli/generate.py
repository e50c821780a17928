"""Text or music from a model: ``python generate.py runs/novel ホームズ``, ``python generate.py runs/folk -o a.mid``.

Everything about the model is in its run directory; the options here say what to generate and how freely to draw.
"""

import dataclasses
import os
import sys

from tsuzuri.cli import console, options
from tsuzuri.errors import UserError
from tsuzuri.options.generate import TABLES
from tsuzuri.options.resolve import defaults
from tsuzuri.options.values import shown

DESCRIPTION = "Generate new text or music with a trained model."
USAGE = "RUN [WORD]"
EXAMPLES = ("runs/novel 灯台 --sentences 5", "runs/tunes -o tune.mid --bars 16 --seed 1")


def main(argv=None):
    given = vars(options.Parser(DESCRIPTION, TABLES, usage=USAGE, examples=EXAMPLES).parse_args(argv))
    path, prime = run_and_prime(defaults(TABLES) | given)

    from tsuzuri.api.drawing import generating_options
    from tsuzuri.training.run import load_run

    path, prime = in_order(path, prime)
    run = load_run(path)
    args = generating_options(run, given)
    write = write_text if run.about["kind"] == "text" else write_music
    write(run, prime, args)


def run_and_prime(args):
    """The run directory and the text to begin with, each a positional argument or an option."""
    values = [args[name] for name in ("model", "run", "word") if args[name] is not None]
    if not values:
        raise UserError("no run directory: name one that a training made")
    path, *primes = values + [args["primetext"]] * (args["primetext"] is not None)
    if len(primes) > 1:
        raise UserError(f"{shown(primes[1])}: one run directory and one text to begin with are enough")
    return path, "".join(primes)


def in_order(path, prime):
    """The run directory and the text to begin with, which may have been given the other way round.

    Raises ``UserError`` where neither is a run and a run of a similar name is near.
    """
    from tsuzuri.api.run_folders import is_run, nearest_run

    if is_run(path):
        return path, prime
    if prime and is_run(prime):
        return prime, path
    for given in filter(None, (path, prime)):
        near = None if os.path.isdir(given) else nearest_run(given)
        if near:
            raise UserError(f"{given}: not a run (there is no such folder): did you mean {near}?")
    return path, prime


# Text


def write_text(run, prime, args):
    """Generate texts that follow the text ``prime``, and print or write them."""
    from tsuzuri import storage
    from tsuzuri.api.text_generation import GeneratedTexts

    if args["out"] is not None:
        storage.check_file(args["out"])
    generated = GeneratedTexts(run, prime, args, console.note)
    console.note(f"seed {args['seed']}")
    if args["num_samples"] == 1 and args["out"] is None:
        print_pieces(generated.stream())
    else:
        write_texts(generated.texts(), args["out"])


def print_pieces(pieces):
    """Print a text on standard output, each word as soon as it is drawn."""
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    print()


def write_texts(texts, out):
    """Write texts to the file ``out``, or to standard output where it is None."""
    from tsuzuri import storage

    lines = []
    for n, text in enumerate(texts, 1):
        lines += [f"======== {n} of {len(texts)} ========"] * (len(texts) > 1) + [text]
    content = "\n".join(lines) + "\n"
    if out is None:
        sys.stdout.write(content)
    else:
        storage.make_folder(os.path.dirname(out))
        storage.write_file(out, content.encode())
        console.note(f"wrote {out}")


# Music


def write_music(run, prime, args):
    """Generate pieces that follow ``prime``, words or the path of a file, and write them as MIDI or as words."""
    from tsuzuri.api.music_generation import GeneratedMusic
    from tsuzuri.midi import export

    if args["out"] is None and not args["words"]:
        args = {**args, "out": export.default_output(run.path, args["seed"], args["num_samples"])}
    check_music_output(args)
    generated = GeneratedMusic(run, prime, args, console.note)
    console.note(f"seed {args['seed']}")
    pieces = generated.pieces()
    if args["words"]:
        write_words(pieces, generated.settings, args["out"])
    else:
        write_midi_files(pieces, args, generated.primed)


def check_music_output(args):
    """Refuse what cannot be met before any work is done, and make the folder to write to."""
    from tsuzuri import storage
    from tsuzuri.midi import export

    out = args["out"]
    export.check_outputs(args, None if args["words"] else out)
    if out is not None and export.is_midi_path(out) and (args["words"] or args["num_samples"] > 1):
        if args["words"]:
            raise UserError(f"{out}: a MIDI file cannot hold words: name a file that ends in .words")
        raise UserError(f"{out}: a MIDI file cannot hold {args['num_samples']} pieces: name a folder for several")
    if out is None:
        return
    if args["words"] or export.is_midi_path(out):
        storage.check_file(out)
        storage.make_folder(os.path.dirname(out))
    else:
        storage.check_folder(out)
        storage.make_folder(out)


def write_words(pieces, run_settings, out):
    """Write pieces as a file of words with its description, or on standard output where ``out`` is None."""
    from tsuzuri.midi.words import settings, wordfile

    own_settings = dataclasses.replace(settings.settings_from_json(run_settings), transpose=(0, 0), stretch=())
    if out is None:
        sys.stdout.write(wordfile.dump_words(own_settings, pieces, {})[0].decode())
    else:
        wordfile.write_word_file(out, own_settings, pieces, {})
        console.note(f"wrote {out}")


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
