"""Text without spaces, cut into words of a vocabulary: for models whose words had been parted before they came."""

from collections.abc import Container, Iterable


def part_by_words(texts: Iterable[str], known: Container[str]) -> list[str]:
    """The words of ``known`` that make up each of some texts, as few as can be; a text of others stays whole.

    >>> part_by_words(["名前はまだ", "無い"], {"名前", "名", "は", "まだ"})
    ['名前', 'は', 'まだ', '無い']
    """
    return [word for text in texts for word in _fewest(text, known)]


def _fewest(text, known, longest=32):
    best: list[tuple[int, int] | None] = [(0, 0)]  # words up to here, and where the last of them begins
    for stop in range(1, len(text) + 1):
        ways = [
            (best[start][0] + 1, start)
            for start in range(max(0, stop - longest), stop)
            if best[start] and text[start:stop] in known
        ]
        best.append(min(ways) if ways else None)
    if not best[-1]:
        return [text]
    words, stop = [], len(text)
    while stop:
        start = best[stop][1]
        words.append(text[start:stop])
        stop = start
    return words[::-1]
