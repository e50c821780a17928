"""Text or music from a model: ``python generate.py runs/novel ホームズ``, ``python generate.py runs/folk -o a.mid``.

Everything about the model is in its run directory; the options here say what to generate and how freely to draw.
"""

import dataclasses
import functools
import os
import sys

from tsuzuri.cli import console, novelty, options, score, signals
from tsuzuri.errors import UserError
from tsuzuri.options.generate import TABLES
from tsuzuri.options.resolve import defaults
from tsuzuri.options.values import shown

DESCRIPTION = "Generate new text or music with a trained model."
USAGE = "RUN [WORD]"
EXAMPLES = ("runs/novel 灯台 --sentences 5", "runs/tunes -o tune.mid --bars 16 --seed 1")


def main(argv=None):
    given = vars(options.Parser(DESCRIPTION, TABLES, usage=USAGE, examples=EXAMPLES).parse_args(argv))
    score.check_score_options(given)
    path, prime = run_and_prime(defaults(TABLES) | given)

    from tsuzuri.api.drawing import generating_options
    from tsuzuri.training.run import load_run

    path, prime = in_order(path, prime)
    run = load_run(path)
    if "score" in given:
        return score.score_file(run, prime, given)
    args = generating_options(run, given)
    write = write_text if run.about["kind"] == "text" else write_music
    return write(run, prime, args)


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


# What both do


def files_read(run, prime, args):
    """The files that are not to be written over: the run's, those that it learned from, and what options name."""
    from tsuzuri import overwriting
    from tsuzuri.api.resuming import source_files

    learned = source_files(run, "corpus")
    return [*overwriting.run_files(run.path), *learned, *filter(None, (prime, args["soundfont"], args["prompts"]))]


def draw(generate, stopped):
    """What ``generate(stop)`` returns, and the exit status: Ctrl-C and SIGTERM end it early, and ``stopped`` says so.

    What was drawn until then is kept; a second Ctrl-C gives it up.
    """
    with signals.Interrupt() as interrupt:
        drawn = generate(interrupt.requested)
    if not interrupt.requested():
        return drawn, 0
    console.note(f"stopped  {stopped()}")
    return drawn, 128 + interrupt.signal


# Text


def write_text(run, prime, args):
    """Generate texts that follow the text ``prime``, and print or write them; returns the exit status."""
    from tsuzuri import storage
    from tsuzuri.api.text_generation import GeneratedTexts

    if prime and args["prompts"]:
        raise UserError(f"--prompts {args['prompts']}: and {shown(prime)} to begin with: give one of them")
    prompts = prompts_named(args["prompts"]) if args["prompts"] else None
    titles = text_titles(prompts, args["num_samples"])
    paths = text_paths(run, args, titles)
    check_text_output(run, prime, args, paths)
    generated = GeneratedTexts(run, prime, args, console.note, prompts)
    console.note(f"seed {args['seed']}")
    if paths:
        storage.make_folder(os.path.dirname(paths[0]))
    at_once = titles == {"": ""} and args["best_of"] == 1 and not paths
    show = functools.partial(novelty.print_text, generated, args["novelty"])
    texts, status = draw(
        show if at_once else generated.texts,
        lambda: f"{generated.whole} of {generated.count} texts are whole; all are kept",
    )
    if not at_once:
        note_scores(generated.means(), args["best_of"])
        write_texts(texts, paths, args["out"], [*titles.values()])
    return novelty.report(generated, args["novelty"]) or status


def prompts_named(path):
    """The prompts of a file, of a pipe or, for "-", of standard input."""
    from tsuzuri.api.prompts import read_prompts, read_prompts_of_stream

    if path == score.INPUT:
        return read_prompts_of_stream("standard input", sys.stdin.buffer)
    return read_prompts(path)


def text_titles(prompts, count):
    """What each text is called on the line above it, if there is one, by the end of its file's name.

    >>> text_titles(None, 2)
    {'-1': '1 of 2', '-2': '2 of 2'}
    """
    each = {f"-{n}": f"{n} of {count}" for n in range(1, count + 1)} if count > 1 else {"": ""}
    if prompts is None:
        return each
    return {
        f"-{n}{end}": f"prompt {n} of {len(prompts)}{title and ', text '}{title}: {shown(prompt.text)}"
        for n, prompt in enumerate(prompts, 1)
        for end, title in each.items()
    }


def note_scores(means, best_of):
    """Say how likely the model finds what was kept of several."""
    if best_of > 1:
        shares = ", ".join(f"{mean:.2f}" for mean in means[:9]) + ", …" * (len(means) > 9)
        console.note(f"best of {best_of}: {shares} nats a word")


def text_paths(run, args, titles):
    """Where the texts go: to the file that -o names, to one each in a folder, or, where none is named, nowhere.

    ``titles``: their keys are the ends of the names in a folder.
    """
    out = args["out"]
    if out is None:
        return []
    if os.path.basename(out) and not os.path.isdir(out):
        return [out]
    stem = f"{run.name}-{args['seed']}"
    return [os.path.join(out, f"{stem}{end}.txt") for end in titles]


def check_text_output(run, prime, args, paths):
    """Refuse places for texts where nothing can be written, or where something is that must not be replaced."""
    from tsuzuri import overwriting, storage

    for path in paths:
        storage.check_file(path)
    if not paths:
        console.check_output()
    elif paths == [args["out"]]:
        overwriting.check_named(args["out"], files_read(run, prime, args))
    else:
        overwriting.check_made(paths, files_read(run, prime, args), force=args["force"])


def write_texts(texts, paths, out, titles):
    """Write texts to a file each or to a single file, or to standard output where there are no ``paths``."""
    from tsuzuri import storage

    if paths and paths != [out]:
        for path, text in zip(paths, texts, strict=True):
            storage.write_file(path, f"{text}\n".encode())
        console.note(f"wrote {len(texts)} texts into {out}")
        return
    lines = []
    for title, text in zip(titles, texts, strict=True):
        lines += [f"======== {title} ========"] * bool(title) + [text]
    content = "\n".join(lines) + "\n"
    if paths:
        storage.write_file(paths[0], content.encode())
        console.note(f"wrote {paths[0]}")
    else:
        console.write(content)


# Music


def write_music(run, prime, args):
    """Generate pieces that follow ``prime``, words or the path of a file, and write them as MIDI or as words.

    Returns the exit status.
    """
    from tsuzuri import storage
    from tsuzuri.api.music_generation import GeneratedMusic
    from tsuzuri.midi import export

    if args["out"] is None and not args["words"]:
        args = {**args, "out": export.default_output(run.path, args["seed"], args["num_samples"])}
    out = args["out"]
    check_music_output(run, prime, args)
    generated = GeneratedMusic(run, prime, args, console.note)
    console.note(f"seed {args['seed']}")
    if out is not None:
        storage.make_folder(os.path.dirname(out) if args["words"] or export.is_midi_path(out) else out)
    pieces, status = draw(generated.pieces, lambda: "the pieces end early; all are kept")
    note_scores(generated.means(), args["best_of"])
    if args["words"]:
        write_words(pieces, generated.settings, out)
    else:
        write_midi_files(pieces, args, generated.primed)
    return novelty.report(generated, args["novelty"]) or status


def check_music_output(run, prime, args):
    """Refuse what cannot be met before any work is done."""
    from tsuzuri import storage
    from tsuzuri.midi import compose, export
    from tsuzuri.midi.words import wordfile

    out, count = args["out"], args["num_samples"]
    export.check_outputs(args, None if args["words"] else out)
    if out is not None and export.is_midi_path(out) and (args["words"] or count > 1):
        if args["words"]:
            raise UserError(f"{out}: a MIDI file cannot hold words: name a file that ends in .words")
        raise UserError(f"{out}: a MIDI file cannot hold {count} pieces: name a folder for several")
    if out is None:
        console.check_output()
        return
    single, read = args["words"] or export.is_midi_path(out), files_read(run, prime, args)
    (storage.check_file if single else storage.check_folder)(out)
    if args["words"]:
        wordfile.check_replaced_words(out, read, args["force"])
    else:
        paths = [out] if single else [os.path.join(out, f"{compose.piece_name(row)}.mid") for row in range(count)]
        export.check_replaced_midi(out, paths, args, read, args["force"])


def write_words(pieces, run_settings, out):
    """Write pieces as a file of words with its description, or on standard output where ``out`` is None."""
    from tsuzuri.midi.words import settings, wordfile

    own_settings = dataclasses.replace(settings.settings_from_json(run_settings), transpose=(0, 0), stretch=())
    if out is None:
        console.write(wordfile.dump_words(own_settings, pieces, {})[0].decode())
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
