#!/usr/bin/env python3
"""Write new text with a trained model: ``python generate.py runs/novel ホームズ``.

Everything about the model is in its run directory; the options here only say what to write and how boldly.
"""

import itertools
import os
import sys

import options
from errors import UserError

DESCRIPTION = "Write new text with a model that train.py made."
TABLES = {
    "what": [
        ("run", options.text, None, "the run directory"),
        ("word", options.text, None, "the word or text to begin with"),
        ("-m --model", options.text, None, "the run directory, as an option"),
        ("-p --primetext", options.text, None, "the word or text to begin with, as an option"),
        ("--unk", ("error", "skip", "nearest"), "error", "what to do with a word of it that the model does not know"),
        ("--length", options.count, None, "words to write (default: 200, or 200 a sentence with --sentences)"),
        ("--sentences", options.count, None, "sentences to write"),
        ("-n --num-samples", options.count, 1, "texts to write, drawn side by side"),
        ("-o --out", options.text, None, "a file to write to, instead of standard output"),
    ],
    "how": [
        ("--temperature", options.not_negative, 1.0, "below 1 more careful, above 1 bolder, 0 takes the likeliest"),
        ("--top-k", options.count, None, "draw from the k likeliest words alone"),
        ("--top-p", options.fraction, None, "draw from the likeliest words that make up this probability"),
        ("--seed", options.seed, None, "of the random generator (default: a new one, told on standard error)"),
        ("-d --device", options.text, "auto", "auto, cpu, gpu or gpu:N"),
    ],
}
WORDS = 200


def main(argv=None):
    args = options.defaults(TABLES) | vars(options.Parser(DESCRIPTION, TABLES).parse_args(argv))
    place, primetext = arguments(args)

    import numpy

    from corpus.tokenise import closes, ends_sentence, tokeniser
    from kernels import devices
    from sampling import constraints, ends, filters
    from sampling.stream import stream
    from training import run as runs

    device = devices.choose(args["device"])
    device.use()
    run = runs.load(place)
    words, splitter = run.vocabulary, tokeniser(run.about["tokens"])
    if splitter.dictionary != run.about["dictionary"]:
        tell(f"note: {place} was split by {run.about['dictionary']}, here is {splitter.dictionary}")
    prime = prime_ids(primetext, splitter, words, args["unk"], place)
    model = run.load_best()
    model.to_device(device)

    seed = args["seed"] if args["seed"] is not None else int.from_bytes(os.urandom(4), "little")
    tell(f"seed {seed}")
    rows = stream(
        model,
        prime,
        filters.sampler(args["temperature"], args["top_k"], args["top_p"]),
        constraints.never([words.ids["<unk>"]]),
        numpy.random.default_rng(seed),
        args["num_samples"],
    )
    length = args["length"] or WORDS * (args["sentences"] or 1)
    endings = [ends.Ending(length, args["sentences"], ends_sentence, closes) for _ in range(args["num_samples"])]
    begun = [spoken(i, words) for i in prime[1:]]
    write(texts(rows, words, endings), begun, splitter, args["num_samples"], args["out"])


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
    from training import files

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
        files.write(out, content.encode())


def tell(line):
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    options.run(main)
