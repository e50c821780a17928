"""The models, as Chainer chains.

rnn.py         the two-layer LSTM language model
classifier.py  from a sequence of words to one of K classes
"""
