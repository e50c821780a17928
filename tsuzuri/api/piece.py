"""A piece of music: its words and notes, its MIDI, sound and picture, and how a notebook shows and plays it."""

from __future__ import annotations

import dataclasses
import functools
import html
import io
import math
import os
from collections.abc import Iterable, Sequence
from typing import IO, Any, NamedTuple

from tsuzuri import storage
from tsuzuri.api.arguments import as_list, plain_value
from tsuzuri.api.outputs import OTHER, Path, path_with_suffix, save_file
from tsuzuri.api.pictures import Picture
from tsuzuri.api.player import player_html
from tsuzuri.errors import UserError
from tsuzuri.midi import export, timing
from tsuzuri.midi.pictures import pianoroll
from tsuzuri.midi.score import Score
from tsuzuri.midi.sound import synth
from tsuzuri.midi.words import codec, convert, settings, wordfile
from tsuzuri.options.midi import OUTPUT_OPTIONS
from tsuzuri.options.resolve import read_options
from tsuzuri.options.values import FILE, TEXT, whole_number
from tsuzuri.rules import Bounds

MIDI, SOUND, PICTURE = (".mid", ".midi"), ".wav", ".png"
SUFFIXES = *MIDI, SOUND, PICTURE, wordfile.SUFFIX


class Sounding(NamedTuple):
    """A note: ``start`` and ``length`` in quarter notes, ``pitch`` 0..127 (60 is middle C), ``velocity`` 1..127.

    ``channel`` is 1..16, and 10 is that of the drums.
    """

    start: float
    length: float
    pitch: int
    velocity: int
    channel: int


class Piece:
    """A piece of music, which never changes; a notebook shows its piano roll and plays it.

    ``tsuzuri.read_midi`` and a run's ``generate`` make pieces, ``Piece.from_words`` makes one of words. Two pieces are
    equal whose MIDI files hold the same events, whatever the pieces' names.

    >>> piece = tsuzuri.read_midi("intro.mid")  # doctest: +SKIP
    >>> piece  # doctest: +SKIP
    Piece('intro.mid', 16 bars, 43 notes, 32 s)
    >>> piece.changed(tempo=90).save("slow.wav")  # doctest: +SKIP
    """

    def __init__(
        self,
        piece: convert.PieceWords,
        *,
        tempo: float | None = None,
        program: int | None = None,
        primed: int = 0,
        made_by: settings.Settings | None = None,
        remarks: Sequence[str] = (),
    ) -> None:
        """A piece of legal words; see ``changed`` for ``tempo`` and ``program``.

        The time before tick ``primed`` is shaded in pictures. ``made_by`` are the settings that a MIDI file became
        these words by, as far as they are known.
        """
        own: dict[str, Any] = read_options({"MIDI": OUTPUT_OPTIONS}, {"tempo": tempo, "program": program})
        self._tempo: float | None = own.get("tempo")
        self._program: int | None = own.get("program")
        self._piece, self._primed, self._settings, self._remarks = piece, primed, made_by, tuple(remarks)

    @classmethod
    def from_words(
        cls,
        words: str | Iterable[str],
        name: str = "piece",
        *,
        meter: tuple[int, int] = (4, 4),
        ticks_per_beat: int = timing.TICKS,
    ) -> Piece:
        """The piece of words, which are one text or a list; ``ticks_per_beat`` is what their deltas count.

        Raises ``tsuzuri.UserError`` that names the first word that is not legal where it stands.

        >>> Piece.from_words("00_90_3c50 8360_80_3c00").notes
        [Sounding(start=0.0, length=1.0, pitch=60, velocity=80, channel=1)]
        """
        texts = words.split() if isinstance(words, str) else as_list(words, "words", "a text or a list of words")
        name = plain_value("name", TEXT, name)
        ticks = plain_value("ticks_per_beat", whole_number(Bounds(1, 32767)), ticks_per_beat)
        if not (isinstance(meter, tuple | list) and len(meter) == 2 and timing.is_meter(*meter)):
            raise UserError(f"meter: {meter!r} is no time signature: must be two numbers such as (3, 4)")
        if not texts:
            raise UserError("words: are none: must be one or more, such as 00_90_4050")
        fault = _first_fault(texts, ticks)
        if fault:
            raise UserError(f"words[{fault.index}]: {texts[fault.index]!r} {fault.reason}")
        piece = convert.PieceWords(name, texts, ticks, timing.MICROSECONDS, tuple(meter))
        return cls(piece)

    def changed(self, *, tempo: float | None = None, program: int | None = None) -> Piece:
        """The same piece at another tempo, in quarter notes a minute, or on another General MIDI program, 0..127.

        The program is that of all channels but the drums; the words stay the same. Raises ``tsuzuri.UserError``.

        >>> piece.changed(tempo=90, program=73).save("flute.mid")  # doctest: +SKIP
        """
        return Piece(
            self._piece,
            tempo=self._tempo if tempo is None else tempo,
            program=self._program if program is None else program,
            primed=self._primed,
            made_by=self._settings,
            remarks=self._remarks,
        )

    @property
    def name(self) -> str:
        """What it is called: the name of its file, or of a new one "tune-1"."""
        return self._piece.name

    @property
    def words(self) -> list[str]:
        """Its words, ``delta_status_data`` in hex."""
        return list(self._piece.words)

    @property
    def remarks(self) -> list[str]:
        """What was mended when its file was read, and what of the file it leaves out."""
        return list(self._remarks)

    @property
    def notes(self) -> list[Sounding]:
        """Its notes, in order of time."""
        score = self._quarters
        at = score.division
        return [
            Sounding(note.start / at, (note.end - note.start) / at, note.key, note.velocity, note.channel + 1)
            for note in score.notes
        ]

    @property
    def bars(self) -> int:
        """The number of bars that it takes, the last of which it need not fill."""
        return sum(start < self._quarters.end for start in timing.bar_starts(self._quarters))

    @property
    def seconds(self) -> float:
        """Its length in seconds, without the second in which its sound fades."""
        return timing.tempo_map_of(self._score).seconds(self._score.end)

    @property
    def tempo(self) -> float:
        """The tempo that it has for most of its time, in quarter notes a minute, to a thousandth."""
        return round(60 * timing.SECOND / timing.main_tempo(self._score), 3)

    def midi(self) -> bytes:
        """The bytes of its MIDI file."""
        return self._midi

    def wav(self, rate: int = synth.RATE, *, soundfont: Path | None = None) -> bytes:
        """The bytes of a WAV file with its sound, on two channels of ``rate`` samples a second, 8000 to 96000.

        The instruments are those of a small synthesizer, or of a SoundFont (.sf2, .sf3) by its path. Raises
        ``tsuzuri.UserError`` for a file that is none, and for a piece of more than two hours.
        """
        rate = plain_value("rate", whole_number(Bounds(*synth.RATES)), rate)
        stream = io.BytesIO()
        self._write_wav(stream, rate, soundfont)
        return stream.getvalue()

    def _write_wav(self, stream: IO[bytes], rate: int = synth.RATE, soundfont: Path | None = None) -> None:
        font = None if soundfont is None else plain_value("soundfont", FILE, soundfont)
        synth.write_wav(stream, self._score, rate, font)

    def plot(self) -> Picture:
        """Its piano roll: left to right is time in bars, up is pitch, a strong color is a loud note.

        Raises ``tsuzuri.UserError`` for a piece that is too long to be drawn.
        """
        return Picture(pianoroll.draw_pianoroll(self._score, self.name, self._primed))

    def save(self, path: Path, *, soundfont: Path | None = None) -> None:
        """Write it into a file: MIDI (.mid, .midi), sound (.wav), a piano roll (.png) or words (.words), by its ending.

        The folders that the file is in are made. ``soundfont`` is for sound; see ``wav``. Beside words goes a file
        .words.json with what they do not say, such as the tempo. Raises ``tsuzuri.UserError`` for any other ending, and
        for a file that cannot be written.

        >>> piece.save("tunes/first.wav")  # doctest: +SKIP
        """
        text, suffix = path_with_suffix(path, SUFFIXES)
        if soundfont is not None and suffix != SOUND:
            raise UserError(f"{text}: soundfont is for sound, must end in {SOUND}")
        if suffix in MIDI:
            save_file(text, self._midi)
        elif suffix == SOUND:
            save_file(text, functools.partial(self._write_wav, soundfont=soundfont))
        elif suffix == PICTURE:
            self.plot().save(text)
        else:
            self._save_words(text)

    def _save_words(self, path: str) -> None:
        """Write its words with their description, by which they are read again at its tempo and with its program."""
        own = self._settings or settings.Settings(
            events=wordfile.kind_of_events([self._piece.words]),
            words=codec.kind_of_words(self._piece.words),
            ticks_per_beat=self._piece.division if self._piece.division > 0 else settings.KEEP,
        )
        own = dataclasses.replace(own, transpose=(0, 0), stretch=())
        piece = self._piece._replace(of=None)
        if self._tempo is not None or self._program is not None:
            keep: dict[str, Any] = {"ticks_per_beat": settings.KEEP, "velocities": settings.KEEP, "grid": settings.KEEP}
            exactly = dataclasses.replace(own, track=settings.ALL, **keep)
            piece = convert.convert_file(self.name, self._midi, exactly).pieces[0]
        wordfile.check_replaced_words(path, [], force=False, way=OTHER)
        storage.make_folder(os.path.dirname(path))
        wordfile.write_word_file(path, own, [piece], {})

    @functools.cached_property
    def _midi(self) -> bytes:
        return convert.encode_piece(self._piece, self._tempo, self._program)[0]

    @functools.cached_property
    def _score(self) -> Score:
        return export.score_of_file(self._midi)

    @functools.cached_property
    def _quarters(self) -> Score:
        """The score with ticks a quarter note, which a file in SMPTE time has not."""
        return self._score if self._score.division > 0 else timing.in_musical_time(self._score)

    @property
    def _content(self) -> tuple[object, ...]:
        """What pieces are compared by: events of one tick have no order."""
        score = self._score
        return score.division, score.end, tuple(score.notes), tuple(sorted(score.others))

    def _facts(self) -> str:
        """Its length and size in a few words."""
        bars, count = self.bars, len(self._score.notes)
        return f"{bars} bar{'s' * (bars != 1)}, {count:,} note{'s' * (count != 1)}, {math.ceil(self.seconds)} s"

    def __repr__(self) -> str:
        return f"Piece({self.name!r}, {self._facts()})"

    def _repr_html_(self) -> str:
        title = f"<b>{html.escape(self.name)}</b> {self._facts()}"
        try:
            picture = self.plot().html(f"piano roll of {self.name}")
        except UserError as error:  # it is too long to be drawn
            picture = html.escape(str(error))
        return f"<div>{title}<br>{picture}<br>{player_html(self._score)}</div>"

    def __eq__(self, other: object) -> bool:
        return self._content == other._content if isinstance(other, Piece) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content)


def _first_fault(words: Sequence[object], division: int) -> codec.Fault | None:
    """The first word that is none, or else the first that is not legal where it stands; None where all are."""
    texts = []
    for i, word in enumerate(words):
        if not isinstance(word, str):
            return codec.Fault(i, "is no text: must be such as 00_90_4050")
        try:
            codec.decode_word(word)
        except ValueError as error:
            return codec.Fault(i, str(error))
        texts.append(word)
    return next(iter(codec.decode_events(texts, division)[1]), None)
