"""Around the training loop.

run.py             the run directory and its checkpoints
classes.py         a classifier's run
initialization.py  what a classifier begins with
learner.py         learning from a window, through Chainer or on a GPU in one recorded piece
evaluation.py      the loss on text that is not trained on
stopping.py        patience, Ctrl-C
optimizers.py      Chainer's, by name
metrics.py         precision, recall, F1, the confusion matrix
log.py             the bar, the lines, log.jsonl
plots.py           loss curves and confusion matrices
predictor.py       a trained classifier at work
explain.py         which words it decided by
"""
