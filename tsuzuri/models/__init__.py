"""The models, as Chainer chains.

sizes.py       what a language model is made of
rnn.py         the LSTM language model
classifier.py  from a sequence of words to one of K classes
"""
