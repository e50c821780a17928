"""Around the training loop.

trainer.py                the one loop: forward, backward, update; create, resume, save, stop, patience, freezing
learner.py                one batch after the other, with the sum of the losses
task.py                   what it asks of a kind of model
language_model.py         that task for a language model
classification.py         and for a classifier
recorded.py               the learners of a language model: through Chainer, or on a GPU in one recorded piece
state.py                  where a training stands
run.py                    the run directory
description.py            its run.json: of a new run, and as any version wrote it
lock.py                   one training at a time on it
staging.py                its files put in place all together
identity.py               what ties them together
schemas.py                what it holds, for both kinds of model side by side
schema.py                 the form of that, and the rules that both share
language_model_schema.py  a language model's
classifier_schema.py      and a classifier's
hyperparameters.py        how each kind is trained, saved with its weights
corpus_file.py            the words that a language model is trained on, kept with it
expected.py               how large the arrays of a run's files may be
checkpoint.py             the whole state of a training as arrays, and back
initialization.py         what a classifier begins with
transfer.py               a language model that goes on from another's weights
evaluation.py             the loss, or the errors, on data that is not trained on
schedules.py              the learning rate as a training goes on
averaging.py              a running mean of the weights
adaptation.py             a language model that learns from a text while it is scored
optimizers.py             Chainer's, by name; frozen parameters
metrics.py                precision, recall, F1, the confusion matrix
log.py                    events, the lines of an epoch, log.jsonl
tensorboard.py            events for TensorBoard
progress.py               a bar over the whole training
ending.py                 why a training ended, and what it left
plots.py                  curves and confusion matrices
predictor.py              a trained classifier at work
explain.py                which words it decided by
"""
