"""Speeds and qualities against named peers: each script checks that the contenders agree, then measures them."""
