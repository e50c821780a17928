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
aozora_notes.py  its notes, and what they stand for
aozora_frame.py  its title block, symbols' block, contents and footer
gutenberg.py     Project Gutenberg's format, cut to the book
paragraphs.py    lines and blank lines between paragraphs; wrapped lines joined
scripts.py       the tokenizer that suits a corpus, by the scripts in it
tokenizers.py    lines to words and exactly back
dictionaries.py  MeCab and its dictionaries
subwords.py      pieces that are learned: SentencePiece
clusters.py      what people take for one character
segmentation.py  text without spaces to known words
brackets.py      the brackets of words, and how a corpus uses them
sign_pairs.py    the signs that a corpus never has side by side, such as 、、
sentences.py     where a sentence ends
vocabulary.py    words and their ids
spelling.py      what it costs to spell out a word that is not known
vectors.py       pretrained word vectors: a row for every word of a vocabulary
vector_files.py  the files of such vectors: GloVe, word2vec, fastText
encoders.py      one-hot, bags, n-grams, hashing and padding, for models of your own
"""
