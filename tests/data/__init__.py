"""The data room's tests, and what they share."""


def pairs(texts):
    return [(example.label, example.text) for example in texts.examples]
