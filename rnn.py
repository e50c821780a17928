"""The model, where readers of the article look for it; the code is in ``tsuzuri/models/rnn.py``."""

from tsuzuri.models.rnn import LAYERS, PROJECTIONS, RNN, Sizes

__all__ = ["LAYERS", "PROJECTIONS", "RNN", "Sizes"]
