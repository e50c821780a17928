"""The corpora that come with the project: stories to learn words from, and tunes, all free for any use (CC0)."""
