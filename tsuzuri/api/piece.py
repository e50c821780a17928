"""A piece of music as a notebook uses it: heard, seen, saved, read from MIDI files and written to them."""

from __future__ import annotations

import base64
import html
import math
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from tsuzuri import storage
from tsuzuri.api.arguments import as_list, path_text
from tsuzuri.api.pictures import Picture
from tsuzuri.errors import UserError
from tsuzuri.midi import export, timing
from tsuzuri.midi.score import Score
from tsuzuri.midi.words import codec, collect, convert, settings, wordfile
from tsuzuri.midi.words.convert import PieceWords
from tsuzuri.options.midi import OUTPUT_OPTIONS, READ_MIDI
from tsuzuri.options.resolve import defaults, read_options
from tsuzuri.options.values import is_number, shown

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tsuzuri.api.option_types import ReadMidiOptions

LISTENING_RATE = 16_000  # samples a second of a notebook's player: 16 bars in about a megabyte of HTML
OUTPUT = {"MIDI": [option for option in OUTPUT_OPTIONS if option.name in ("tempo", "program")]}
ENDINGS = (".mid", ".midi", ".wav", ".png", wordfile.SUFFIX)


class Sounding(NamedTuple):
    """A note: start and length in quarter notes, pitch and velocity 0 to 127 as MIDI has them, channel 1 to 16."""

    start: float
    length: float
    pitch: int
    velocity: int
    channel: int


class Piece:
    """A piece of music. A notebook shows its piano roll and a player.

    >>> piece = tsuzuri.read_midi("intro.mid")  # doctest: +SKIP
    >>> piece.words[:2]  # doctest: +SKIP
    ['00_90_4050', '8360_80_4000']
    >>> piece.save("intro.wav")  # doctest: +SKIP
    """

    def __init__(
        self,
        content: PieceWords,
        *,
        tempo: float | None = None,
        program: int | None = None,
        primed: int = 0,
        remarks: Sequence[str] = (),
    ) -> None:
        """``content`` are words and what they do not say; ``tempo`` and ``program`` stand in place of its own.

        Up to tick ``primed`` it is what a generated piece began with, which the picture shades; ``remarks`` say what
        was mended in the file that it was read from.
        """
        self._content, self._tempo, self._program, self._primed = content, tempo, program, primed
        self.remarks = list(remarks)

    @classmethod
    def from_words(cls, words: str | Iterable[str], name: str = "piece") -> Piece:
        """A piece of words such as ``00_90_4050``, at 480 ticks a quarter note, 120 quarter notes a minute.

        Raises ``UserError`` for a word that is none, or that may not stand where it does.

        >>> Piece.from_words("00_90_4050 8360_80_4000").notes
        [Sounding(start=0.0, length=1.0, pitch=64, velocity=80, channel=1)]
        """
        listed = words.split() if isinstance(words, str) else as_list(words, "words", "words, in a text or a list")
        for n, word in enumerate(listed):
            if not isinstance(word, str):
                raise UserError(f"words[{n}]: is {shown(word)}, must be a string")
        _, faults = codec.decode_events(listed, timing.TICKS)
        if faults:
            raise UserError(f"words[{faults[0].index}]: {listed[faults[0].index]!r} {faults[0].reason}")
        return cls(PieceWords(name, listed, timing.TICKS, timing.MICROSECONDS, (4, 4)))

    @property
    def name(self) -> str:
        """What it is called, as in the file that it is from."""
        return self._content.name

    @property
    def words(self) -> list[str]:
        """Its words, as a model of music reads them."""
        return list(self._content.words)

    @property
    def notes(self) -> list[Sounding]:
        """Its notes, by their start."""
        score = self._musical_score()
        quarter = score.division
        return [
            Sounding(note.start / quarter, (note.end - note.start) / quarter, note.key, note.velocity, note.channel + 1)
            for note in score.notes
        ]

    @property
    def tempo(self) -> float:
        """Quarter notes a minute, for most of it."""
        return float(60 * timing.SECOND / timing.main_tempo(self._score()))

    @property
    def bars(self) -> int:
        """How many bars it takes."""
        score = self._musical_score()
        return sum(start < score.end for start in timing.bar_starts(score))

    @property
    def seconds(self) -> float:
        """How long it takes."""
        score = self._score()
        return float(timing.tempo_map_of(score).seconds(score.end))

    def _score(self) -> Score:
        score: Score = export.score_of_file(self.midi())
        return score

    def _musical_score(self) -> Score:
        """Its score with ticks a quarter note, as bars need them; a file may count parts of a second instead."""
        score = self._score()
        return score if score.division > 0 else timing.in_musical_time(score)

    def changed(self, *, tempo: float | None = None, program: int | None = None) -> Piece:
        """The same piece at another tempo, quarter notes a minute, or on another program, 0..127; None keeps its own.

        Raises ``UserError`` for a tempo or program out of range.

        >>> tune.changed(tempo=90, program=73).save("flute.mid")  # doctest: +SKIP
        """
        given: dict[str, Any] = {"tempo": self._tempo, "program": self._program}
        given |= read_options(OUTPUT, {"tempo": tempo, "program": program})
        return Piece(self._content, **given, primed=self._primed, remarks=self.remarks)

    def midi(self) -> bytes:
        """The bytes of its MIDI file."""
        return bytes(convert.encode_piece(self._content, self._tempo, self._program)[0])

    def wav(self, rate: int = 44_100, soundfont: str | os.PathLike[str] | None = None) -> bytes:
        """The bytes of a WAV file, stereo, of so many samples a second: by the built-in synthesizer, or a SoundFont.

        Raises ``UserError`` for a rate out of 8000..96000, and for what is no SoundFont.
        """
        from tsuzuri.midi.sound import synth

        if not (is_number(rate) and rate == int(rate)):
            raise UserError(f"rate: is {shown(rate)}, must be a whole number of samples a second")
        if soundfont is None:
            return bytes(synth.encode_wav(synth.render_score(self._score(), int(rate)), int(rate)))
        samples = synth.render_soundfont(self._score(), path_text(soundfont, "soundfont"), int(rate))
        return bytes(synth.encode_wav(samples, int(rate)))

    def plot(self) -> Picture:
        """Its piano roll."""
        return Picture(export.pianoroll_of_file(self.midi(), self.name, self._primed))

    def save(self, path: str | os.PathLike[str], *, soundfont: str | os.PathLike[str] | None = None) -> None:
        """Write it to a file, by its ending: .mid, .wav, .png (the piano roll) or .words.

        Raises ``UserError`` for another ending, and where the file cannot be written.

        >>> tune.save("tune.wav")  # doctest: +SKIP
        """
        name = path_text(path)
        ending = os.path.splitext(name)[1].lower()
        if ending not in ENDINGS:
            raise UserError(f"{name}: must end in {', '.join(ENDINGS)}")
        storage.make_folder(os.path.dirname(name))
        if ending == wordfile.SUFFIX:
            words, description = wordfile.dump_words(self._settings(), [self._content], {})
            storage.write_file(name, words)
            storage.write_file(name + ".json", description)
        elif ending == ".wav":
            storage.write_file(name, self.wav(soundfont=soundfont))
        else:
            storage.write_file(name, self.plot().png if ending == ".png" else self.midi())

    def _settings(self) -> settings.Settings:
        """The settings that its file of words is described with: the kinds of events that it has."""
        return settings.Settings(events=wordfile.kind_of_events([self._content.words]))

    def __eq__(self, other: object) -> bool:
        """Whether both sound the same: their MIDI files have the same bytes."""
        return self.midi() == other.midi() if isinstance(other, Piece) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        notes = len(self._score().notes)
        return f"Piece({self.name!r}, {self.bars} bars, {notes:,} notes, {math.ceil(self.seconds)} s)"

    def _repr_html_(self) -> str:
        from tsuzuri.midi.sound import synth

        samples = synth.render_score(self._score(), LISTENING_RATE).mean(axis=1, keepdims=True)  # one channel for two
        sound = base64.b64encode(synth.encode_wav(samples, LISTENING_RATE)).decode()
        player = f'<audio controls src="data:audio/wav;base64,{sound}"></audio>'
        return f"<div>{html.escape(repr(self))}<br>{self.plot().html()}<br>{player}</div>"


Path = str | os.PathLike[str]


@overload
def read_midi(path: Path, **options: Unpack[ReadMidiOptions]) -> Piece: ...  # type: ignore[overload-overlap]
@overload
def read_midi(path: Iterable[Path], **options: Unpack[ReadMidiOptions]) -> list[Piece]: ...
def read_midi(path: Any, **options: Any) -> Piece | list[Piece]:
    """The piece in a MIDI file, or in a file of words; of several files or folders, a list of all pieces.

    The options are those of ``read_midi.py`` with underscores: ``strict``, ``track``, ``events``, ``velocities``,
    ``ticks_per_beat``, ``grid``, ``transpose``, ``stretch``. As there, only the notes of the track with most notes are
    read unless others are asked for: ``track="all", events="all"`` keeps everything. Copies that ``transpose`` and
    ``stretch`` ask for follow their piece in a list. Raises ``UserError`` where nothing can be read.

    >>> piece = tsuzuri.read_midi("intro.mid", track="all", events="all")  # doctest: +SKIP
    """
    for name in ("out", "list", "plot", "files"):
        if name in options:
            raise UserError(f"{name}: not an option of read_midi(), which returns what it reads")
    single = isinstance(path, str | os.PathLike)
    given = read_options(READ_MIDI, {**options, "files": [path] if single else path})
    if not given.get("files"):
        raise UserError("no files: name MIDI files or folders of them")
    args = defaults(READ_MIDI) | given
    wanted = settings.settings_from_options(args)
    collection = collect.collect_pieces(args["files"], wanted, args["strict"], given.keys() & settings.ALLOWED.keys())
    remarks: dict[str, list[str]] = {}
    for item in collection.report["mended"]:
        made = [f"{item['notes']} notes made legal"] if item["notes"] else []
        remarks[os.path.basename(item["name"])] = made + item["remarks"]
    pieces = [Piece(piece, remarks=remarks.get(os.path.basename(piece.name), ())) for piece in collection.pieces]
    if single and len(pieces) == 1 and not os.path.isdir(args["files"][0]):
        return pieces[0]
    return pieces


def write_midi(
    pieces: Piece | str | Iterable[Piece],
    path: Path,
    *,
    tempo: float | None = None,
    program: int | None = None,
) -> list[str]:
    """Write a piece, or a text of words, to a MIDI file; several pieces into a folder. Returns the paths written.

    ``tempo``, quarter notes a minute, and ``program``, General MIDI's 0..127, stand in place of the piece's own.
    ``Piece.save`` writes its sound and its picture. Raises ``UserError``, before any file is written where that can be
    known.

    >>> tsuzuri.write_midi(piece, "copy.mid")  # doctest: +SKIP
    ['copy.mid']
    """
    out = path_text(path)
    if isinstance(pieces, str):
        pieces = Piece.from_words(pieces)
    listed = [pieces] if isinstance(pieces, Piece) else as_list(pieces, "pieces", "a piece, or a list of them")
    if not listed:
        raise UserError("pieces: are none: must be one or more")
    for n, piece in enumerate(listed):
        if not isinstance(piece, Piece):
            raise UserError(f"pieces[{n}]: is {shown(piece)}, must be a piece")
    export.check_outputs(defaults({"MIDI": OUTPUT_OPTIONS}), out)
    paths: list[str] = export.output_paths(out, listed)
    contents = [piece.changed(tempo=tempo, program=program).midi() for piece in listed]
    if paths:
        storage.make_folder(os.path.dirname(paths[0]))
    for name, data in zip(paths, contents, strict=True):
        storage.write_file(name, data)
    return paths
