"""What a user writes, which ``make lint`` checks as strictly as the package; it is not run."""

import dataclasses
import pathlib
import threading

import tsuzuri


def listen(event: tsuzuri.Event) -> None:
    if event.kind == "epoch" and event.entry is not None:
        print(event.epoch, event.entry["valid_loss"], dataclasses.asdict(event))


def write_text() -> str:
    run = tsuzuri.train(["novel.txt"], "runs/novel", epoch=20)
    print(run.generate("ホームズ", sentences=5, temperature=0.8))
    again = tsuzuri.resume(pathlib.Path("runs/novel"), epoch=40, callback=listen, stop=threading.Event())
    assert isinstance(again, tsuzuri.TextRun)
    again.plot().save("curves.png")
    texts: list[str] = again.generate_many(3, "ホームズ", top_p=0.9, seed=1)
    return texts[0] + "".join(again.stream(length=20, unk="skip"))


def write_music() -> tsuzuri.Piece:
    folk = tsuzuri.load("runs/folk", kind="music")
    tune = folk.generate(bars=16, seed=1)
    tune.save("tune.mid")
    piece = tsuzuri.read_midi("intro.mid", track="auto", events="notes", strict=True)
    piece.save(pathlib.Path("intro.wav"))
    paths: list[str] = tsuzuri.write_midi(piece, "copy.mid", tempo=90)
    print(paths, piece.notes[0].pitch, [tsuzuri.read_midi(path).name for path in paths])
    return folk.generate(tune, seconds=10.5)


def sort_texts() -> float:
    mood = tsuzuri.train_classifier([("good", "a fine day"), ("bad", "no reply")], "runs/mood", model="bilstm")
    label: str | None = mood.predict("what a fine evening").label
    shares = [guess.shares for guess in mood.predict(["one", "two"], explain=True, by="gradient")]
    print(label, shares, mood.classes)
    return mood.evaluate([("good", "a fine day")]).accuracy


def refuse() -> None:
    try:
        tsuzuri.train(texts=["too short"], out="runs/short", stop=lambda: False, force=True)
    except tsuzuri.UserError as error:
        print(error)
