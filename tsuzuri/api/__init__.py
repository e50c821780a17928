"""What the commands and ``import tsuzuri`` both do, without a terminal: trainings, generation, and what they return.

train.py                   tsuzuri.train, train_classifier, resume
loading.py                 tsuzuri.load
run_folders.py             which folders hold a run, and the nearest to a mistyped path
trained_run.py             a run of whatever kind: what it learned from, and how it went
runs.py                    runs of text and music: generate, score, novelty
classifier.py              a classifier: predict, evaluate
piece.py                   a piece of music
player.py                  its sound, as a notebook plays it
midi_files.py              tsuzuri.read_midi and write_midi
pictures.py                a picture
outputs.py                 the files that pieces and pictures are saved in
option_types.py            the options as types, generated from the tables of ``tsuzuri/options``
listening.py               the bar, the callback and the interrupt of a training
preparation.py             how a training is made ready, of either kind
resuming.py                what may be said when a training goes on, and where its files lie by now
language_model_options.py  options to a language model's sizes and recipe, and what a run says of them
prepare_language_model.py  a language model's options and files to a training that is ready to begin
prepare_classifier.py      the same for a classifier
corpora.py                 corpora of language models, from options to words
labeled_examples.py        labeled examples of classifiers, from options to datasets
given_texts.py             strings in place of files
installation.py            what is installed, and what mends it
arguments.py               arguments that are in no table of options
samples.py                 what a training shows of its best model
drawing.py                 ids drawn from a model as the options say
novelty.py                how new a text or a piece is
text_copies.py             what texts copy of what their run was trained on
music_copies.py            and pieces, in whatever key
text_generation.py         texts from a model
text_constraints.py        what a text must not have, by what its run knows
growing_text.py            a text as it grows, and where it ends
prompts.py                 files of prompts
music_generation.py        pieces from a model
music_opening.py           what is asked of them before their first note
scoring.py                 how well a model predicts a text or a piece, word by word
scored_inputs.py           what is to be scored, as words
"""
