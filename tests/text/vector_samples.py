"""Word vectors to write in every form of file, and to read."""

import zipfile

import numpy

from tsuzuri.text import vector_files, vectors
from tsuzuri.text.vocabulary import SPECIAL, Vocabulary

WORDS = ["the", "cat", "猫", "é", "nan", "12", "-0.5"]
WIDTH = 20


def vocabulary(*words):
    return Vocabulary([*SPECIAL, *words])


def read(path, *words, seed=0):
    return vectors.load_vectors(str(path), vocabulary(*words), numpy.random.default_rng(seed))


def table(rng, words=WORDS, width=WIDTH):
    return {word: rng.normal(size=width).astype("f") for word in words}


def glove(rows, end="\n", before_end=""):
    return "".join(f"{word} {' '.join(map(str, row))}{before_end}{end}" for word, row in rows.items()).encode()


def headed(rows, end="\n", before_end=""):
    return f"{len(rows)} {WIDTH}{end}".encode() + glove(rows, end, before_end)


def binary(rows, end=b"\n"):
    body = (word.encode() + b" " + row.astype("<f4").tobytes() + end for word, row in rows.items())
    return f"{len(rows)} {WIDTH}\n".encode() + b"".join(body)


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


FORMS = {
    "glove": (vector_files.GLOVE, glove),
    "glove crlf": (vector_files.GLOVE, lambda rows: glove(rows, "\r\n")),
    "glove tabs": (vector_files.GLOVE, lambda rows: glove(rows).replace(b" ", b"\t")),
    "glove, bytes of a mark": (vector_files.GLOVE, lambda rows: b"\xef\xbb\xbf" + glove(rows)),
    "glove, no last line end": (vector_files.GLOVE, lambda rows: glove(rows)[:-1]),
    "word2vec": (vector_files.TEXT, headed),
    "word2vec crlf": (vector_files.TEXT, lambda rows: headed(rows, "\r\n")),
    "word2vec, bytes of a mark": (vector_files.TEXT, lambda rows: b"\xef\xbb\xbf" + headed(rows)),
    "word2vec, an empty line": (vector_files.TEXT, lambda rows: headed(rows) + b"\n"),
    "fasttext": (vector_files.TEXT, lambda rows: headed(rows, before_end=" ")),
    "binary": (vector_files.BINARY, binary),
    "binary, no line ends": (vector_files.BINARY, lambda rows: binary(rows, b"")),
    "binary, one last line end": (vector_files.BINARY, lambda rows: binary(rows, b"") + b"\n"),
}
