"""The settings that words were made by are checked when they come back."""

import json

import pytest

from tsuzuri.midi.words.settings import Settings, settings_from_json


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("track", -1), ("track", "some"), ("track", True), ("events", "some"), ("velocities", 0), ("velocities", 128),
        ("ticks_per_beat", 0), ("ticks_per_beat", 1.5), ("grid", "24"), ("grid", None), ("transpose", [2, 1]),
        ("transpose", 5), ("transpose", [-25, 0]), ("stretch", [0]), ("stretch", ["x"]), ("stretch", None),
        ("rests", "some"), ("rests", True), ("controls", 0), ("controls", "cut"), ("rules", 3), ("rules", "keep"),
    ],
)  # fmt: skip
def test_saved_settings_are_checked(field, value):
    about = json.loads(json.dumps(vars(Settings()))) | {field: value}
    with pytest.raises(ValueError, match=f"the setting {field} is .* must be"):
        settings_from_json(about)


def test_saved_settings_come_back():
    settings = Settings("all", "all", 8, "keep", 24, (-5, 6), (0.9, 1.1))
    assert settings_from_json(json.loads(json.dumps(vars(settings)))) == settings
    with pytest.raises(ValueError, match="grid are missing"):
        settings_from_json({name: value for name, value in vars(settings).items() if name != "grid"})


def test_settings_of_before_keep_their_rules():
    old = {"track": "auto", "events": "all", "velocities": 8, "ticks_per_beat": 480, "grid": 24}
    settings = settings_from_json(old | {"transpose": [0, 0], "stretch": []})
    assert (settings.rests, settings.controls, settings.rules) == ("keep", "keep", 1)
    assert Settings().rules == 2
