"""Cleaning, tokenizing and encoding against MeCab alone on the same text, and the memory that they take.

python -m benchmarks.corpus_speed FOLDER_OF_NOVELS
"""

import statistics
import sys
import time
import tracemalloc
from pathlib import Path

import MeCab
import unidic_lite

from tsuzuri.data.corpus import build_text_corpus
from tsuzuri.text import reader
from tsuzuri.text.settings import TextSettings

ROUNDS = 15


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main():
    folder = sys.argv[1]
    size = sum(path.stat().st_size for path in Path(folder).rglob("*.txt"))
    tagger = MeCab.Tagger(f'-r /dev/null -d "{unidic_lite.DICDIR}" -Owakati')
    lines = [piece for document in reader.read_documents([folder]) for piece in document.pieces]

    def mecab_alone(lines=tuple(lines)):
        for line in lines:
            tagger.parse(line).split(" ")

    def everything():
        build_text_corpus([folder], settings=TextSettings(tokens="mecab"))

    rounds = [(seconds(mecab_alone), seconds(everything)) for _ in range(ROUNDS)]
    alone, all_of_it = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = statistics.median(b / a for a, b in rounds)
    tracemalloc.start()
    build_text_corpus([folder], settings=TextSettings(tokens="mecab"))
    peak = tracemalloc.get_traced_memory()[1]
    print(f"text {size / 1e6:.2f} MB; MeCab alone {alone:.2f} s; cleaned, tokenized and encoded {all_of_it:.2f} s")
    print(f"ratio {ratio:.2f}; peak memory {peak / 1e6:.1f} MB, {peak / size:.1f} times the text")


if __name__ == "__main__":
    main()
