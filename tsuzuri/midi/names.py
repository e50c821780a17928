"""General MIDI's names: the 128 programs, and the drums by their keys."""

_PROGRAMS = """
Acoustic Grand Piano|Bright Acoustic Piano|Electric Grand Piano|Honky-tonk Piano|Electric Piano 1|\
Electric Piano 2|Harpsichord|Clavinet
Celesta|Glockenspiel|Music Box|Vibraphone|Marimba|Xylophone|Tubular Bells|Dulcimer
Drawbar Organ|Percussive Organ|Rock Organ|Church Organ|Reed Organ|Accordion|Harmonica|Bandoneon
Nylon Guitar|Steel Guitar|Jazz Guitar|Clean Guitar|Muted Guitar|Overdriven Guitar|Distortion Guitar|Guitar Harmonics
Acoustic Bass|Fingered Bass|Picked Bass|Fretless Bass|Slap Bass 1|Slap Bass 2|Synth Bass 1|Synth Bass 2
Violin|Viola|Cello|Contrabass|Tremolo Strings|Pizzicato Strings|Orchestral Harp|Timpani
String Ensemble 1|String Ensemble 2|Synth Strings 1|Synth Strings 2|Choir Aahs|Voice Oohs|Synth Voice|Orchestra Hit
Trumpet|Trombone|Tuba|Muted Trumpet|French Horn|Brass Section|Synth Brass 1|Synth Brass 2
Soprano Sax|Alto Sax|Tenor Sax|Baritone Sax|Oboe|English Horn|Bassoon|Clarinet
Piccolo|Flute|Recorder|Pan Flute|Blown Bottle|Shakuhachi|Whistle|Ocarina
Square Lead|Sawtooth Lead|Calliope Lead|Chiff Lead|Charang Lead|Voice Lead|Fifths Lead|Bass and Lead
New Age Pad|Warm Pad|Polysynth Pad|Choir Pad|Bowed Pad|Metallic Pad|Halo Pad|Sweep Pad
Rain|Soundtrack|Crystal|Atmosphere|Brightness|Goblins|Echoes|Sci-fi
Sitar|Banjo|Shamisen|Koto|Kalimba|Bagpipe|Fiddle|Shanai
Tinkle Bell|Agogo|Steel Drums|Woodblock|Taiko|Melodic Tom|Synth Drum|Reverse Cymbal
Guitar Fret Noise|Breath Noise|Seashore|Bird Tweet|Telephone Ring|Helicopter|Applause|Gunshot
"""
PROGRAMS = tuple(name for line in _PROGRAMS.split("\n") if line for name in line.split("|"))  # sixteen families of 8

FIRST_DRUM = 35
DRUM_KEYS = (
    "acoustic kick", "kick", "side stick", "snare", "hand clap", "electric snare", "low floor tom",
    "closed hat", "high floor tom", "pedal hat", "low tom", "open hat", "low-mid tom", "high-mid tom",
    "crash", "high tom", "ride", "china", "ride bell", "tambourine", "splash",
    "cowbell", "crash 2", "vibraslap", "ride 2", "high bongo", "low bongo", "muted high conga",
    "high conga", "low conga", "high timbale", "low timbale", "high agogo", "low agogo", "cabasa",
    "maracas", "short whistle", "long whistle", "short guiro", "long guiro", "claves", "high woodblock",
    "low woodblock", "muted cuica", "open cuica", "muted triangle", "open triangle",
)  # fmt: skip


def drum_name(key):
    """The name of the drum on a key; outside General MIDI's 35..81, "drum" and the key."""
    place = key - FIRST_DRUM
    return DRUM_KEYS[place] if 0 <= place < len(DRUM_KEYS) else f"drum {key}"


def channel_label(number, programs):
    """The legend entry of a channel 0..15 with these program numbers: "ch 1 Flute"."""
    named = [PROGRAMS[program] for program in programs[:2]]
    return f"ch {number + 1} {', '.join(named)}{', …' if len(programs) > 2 else ''}"


def key_name(key):
    """The name of a key, 60 being C4 and the black keys sharps: "F#3"."""
    return f"{('C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B')[key % 12]}{key // 12 - 1}"
