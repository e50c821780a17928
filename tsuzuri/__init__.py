"""Tsuzuri: a stateful two-layer LSTM language model that learns from your own text or music and writes more of it."""
