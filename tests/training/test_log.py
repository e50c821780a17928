"""What a training writes down of its epochs: lines, a file of them, and a picture of the losses."""

import json
import struct

from tests.training.small_run import ENTRY
from tsuzuri.training import log, plots


def test_log_line_and_file():
    assert log.language_model_line(ENTRY) == (
        "epoch   1   train loss 5.000   valid loss 4.000 perplexity     54.6   lr 0.002   12,345 words/s   best"
    )
    assert [json.loads(line) for line in log.dump_history([ENTRY, ENTRY]).splitlines()] == [ENTRY, ENTRY]


def test_the_curves_are_a_picture():
    data = plots.plot_loss_curves([ENTRY, ENTRY | {"epoch": 2, "valid_loss": 3.5}], "title")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (640, 400)
