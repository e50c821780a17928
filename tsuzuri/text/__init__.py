"""Text to words and back.

reader.py        files, archives, folders and pipes to documents
archives.py      files and archives to the bytes of the texts in them, within limits
formats.py       what a file is that is no plain text, by its first bytes
epub.py          EPUB: its chapters as lines
encodings.py     bytes to text, with what was replaced or left out, and where
detection.py     the encoding of bytes, where they are surely in one
languages.py     how likely characters are in languages
settings.py      the settings by which files become lines and words
normalization.py Unicode's forms
aozora.py        Aozora Bunko's format, cleaned to the author's words
tokenizers.py    lines to words and exactly back; MeCab
vocabulary.py    words and their ids
vectors.py       pretrained word vectors: a row for every word of a vocabulary
vector_files.py  the files of such vectors: GloVe, word2vec, fastText
encoders.py      one-hot, bags, n-grams, hashing and padding, for models of your own
"""
