"""What the tests of labeled data share."""

import pytest


@pytest.fixture
def write(tmp_path):
    """Write a file, of lines or bytes, and its folders; returns its path."""

    def written(name, data):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return str(path)

    return written
