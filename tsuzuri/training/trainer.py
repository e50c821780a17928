"""The one training loop, for language models and classifiers alike: create, resume, save, stop, patience, freezing.

What differs between the two is a ``Task`` (``task.py``): ``language_model.py`` and ``classification.py``.
"""

import contextlib
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy

from tsuzuri import storage
from tsuzuri.errors import UserError, enough_memory
from tsuzuri.training import ending, expected, log
from tsuzuri.training.averaging import WeightAverage
from tsuzuri.training.checkpoint import Checkpoint
from tsuzuri.training.optimizers import OPTIMIZERS, set_frozen, set_rate
from tsuzuri.training.run import Run
from tsuzuri.training.task import Task

CHECKPOINT_SECONDS = 300  # at most so much work is lost when the process is killed
EVENT_SECONDS = 0.1  # between two events of batches, at least


class Trainer:
    """A training under way, of a ``run`` on a device of Chainer's.

    It goes on from a ``checkpoint``, or begins with ``weights`` by path, else with those that the run's seed gives.
    ``stop()`` is asked after every batch, in the thread that trains, and may look at what another thread sets;
    ``listener`` is called with a ``log.Event`` now and then. An exception of either ends the training as a crash does:
    what was saved stays.
    """

    def __init__(
        self,
        run: Run,
        task: Task,
        device: Any,
        *,
        checkpoint: Checkpoint | None = None,
        weights: Mapping[str, numpy.ndarray] | None = None,
        stop: Callable[[], bool] = lambda: False,
        listener: log.Listener = lambda _: None,
    ) -> None:
        self.run, self.task, self.recipe = run, task, run.recipe
        self.device, self._stop, self._listener = device, stop, listener
        self._epoch, self._batches, self._began = 1, None, None
        self._told = -math.inf  # when it last told of batches
        self._clock = time.monotonic()
        with enough_memory(ending.memory_needed(run)):
            self._build(checkpoint, weights or {})
            self._tell("note", f"engine   {self.learner.description}")
            if checkpoint:
                self._tell("note", ending.nothing_left(self.recipe, self.state) or f"go on    {self.place()}")
                self.save()
            else:
                run.create(run.encode_checkpoint(self.model, self.optimizer, self.state.meta(), self.average))
                self._saved = time.monotonic()

    def _build(self, checkpoint, weights):
        """The model, its optimizer and its learner, as they begin or go on; nothing is written."""
        run, task, device = self.run, self.task, self.device
        device.use()
        recipe = self.recipe
        decay = getattr(recipe, "weight_decay", 0.0)
        self.optimizer = OPTIMIZERS[recipe.optimizer].make(recipe.lr, recipe.gradclip, decay)
        self._check_memory()
        self.model = run.new_model()
        for path, param in self.model.namedparams():
            if path[1:] in weights:
                param.array[...] = weights[path[1:]]
        self.optimizer.setup(self.model)
        self.model.to_device(device)
        self.average = WeightAverage(self.model, recipe.average) if expected.averaged(recipe) else None
        self.state = task.new_state(recipe)
        if checkpoint:
            meta = checkpoint.restore(self.model, self.optimizer, self.average)
            self.state = run.schema.state.from_meta(meta)
            self.state.patience.patience = recipe.patience
            task.check_resumed(self.state, checkpoint.path)
        self._freeze()  # before the learner is made, which depends on it
        self.learner = task.make_learner(self.model, self.optimizer, self.average)
        self._epoch = self.state.epoch

    def _check_memory(self):
        """Raise ``MemoryError`` where no machine like this has room to learn: before an old run is replaced.

        What is asked for at once is refused at once and else costs nothing, while memory that is taken piece by piece
        may be granted until the process is killed.
        """
        if self.device.xp is numpy:
            weights = sum(math.prod(shape) for shape in self.run.sizes.shapes().values())
            copies = 2 + len(self.optimizer.states)  # with the gradients and the optimizer's moments
            numpy.empty(copies * weights + self.task.batch_numbers(self.run.sizes), "f")

    def place(self) -> str:
        """Where it stands, in words."""
        return f"in epoch {self.state.epoch}, after {self.task.unit} {self.state.window}"

    def train(self) -> bool:
        """To its end, or to the first wish to stop; returns whether it came to its end."""
        with enough_memory(ending.memory_needed(self.run)):
            return self._train()

    def _train(self):
        state, task = self.state, self.task
        stopped, started = False, time.monotonic() if self._unfinished() else None
        while not stopped and self._unfinished():
            stopped = self._train_epoch() and self._unfinished()
        if stopped:
            self.save()
        for line in self.learner.notes():
            self._tell("note", line)
        task.finish(self.run, state)
        if not stopped:
            best = self.run.load_best()
            best.to_device(self.device)
            self._tell("test", task.test(best))
        why = ending.reason(self.recipe, state, stopped, before=started is None)
        seconds = None if started is None else time.monotonic() - started
        self._tell("end", ending.summary(self.run, task, state.history, why, seconds))
        return not stopped

    def _train_epoch(self):
        """Learn from the batches of this epoch that are left; returns whether a wish to stop ended it."""
        state, task = self.state, self.task
        self._epoch = state.epoch
        self._freeze()
        batches = task.begin_epoch(self.model, state)
        self._batches = len(batches)
        if self._began is None:
            self._began = time.monotonic(), self._share()
        self._begin_counting()
        for batch in batches[state.window :]:
            self._set_rate()
            self.learner.learn(batch)
            if self.average:
                self.average.take(self.optimizer.t)
            state.window += 1
            self._words += task.count(state, batch)
            stop = self._stop()
            self._look_and_tell(stop or state.window == self._batches)
            if self._time_is_up() and state.window < self._batches:
                self._end_early()
                return False
            if stop and task.validation_can_wait:
                return True  # the validation that may be due comes first when the training goes on
            self._validate_and_save()
            if stop or state.patience.exhausted():
                return stop
        if state.window == self._batches:  # where it stopped before the validation
            self._validate_and_save()
        return False

    def _unfinished(self):
        """Whether there is more to train."""
        left = self.state.epoch <= self.recipe.epoch and not self.state.patience.exhausted()
        learned = os.path.exists(self.run.file("model.npz"))  # so there is a model, however short the time
        return left and not (learned and self._time_is_up())

    def _time_is_up(self):
        """Whether the hours that a training may take are over; only with such a limit the clock runs."""
        if getattr(self.recipe, "max_hours", None) is None:
            return False
        now = time.monotonic()
        self.state.seconds, self._clock = self.state.seconds + now - self._clock, now
        return ending.hours_are_up(self.recipe, self.state)

    def _set_rate(self):
        """Give the optimizer the learning rate of the batch that comes next."""
        rate = self.task.learning_rate(self.state, self._share(ahead=1))
        set_rate(self.optimizer, OPTIMIZERS[self.recipe.optimizer].rate, rate, self.task.rate_factors(self.run.sizes))

    def _begin_counting(self):
        """The losses, and the speed, from here on."""
        self.learner.begin(self.state.nats)
        self._known = self.state.nats, self.task.loss_count(self.state)
        self._words, self._since = 0, time.perf_counter()

    def _speed(self):
        """Words a second."""
        return self._words / max(1e-9, time.perf_counter() - self._since)

    def _look_and_tell(self, needed):
        """Bring in the sum of losses where that is ``needed`` or costs nothing, and tell of it, but not too often."""
        if not (needed or self.learner.due()):
            return
        self._look()
        if time.monotonic() - self._told < EVENT_SECONDS:
            return
        self._told = time.monotonic()
        (nats, count), self._known = self._known, (self.state.nats, self.task.loss_count(self.state))
        loss = (self._known[0] - nats) / max(1, self._known[1] - count)
        self._tell("batch", loss=loss, words_per_second=self._speed())

    def _tell(self, kind, text="", **figures):
        """Call the listener with an event, and with where the training stands."""
        done, left = self._share(), None
        if self._began is not None and done > self._began[1]:
            left = (time.monotonic() - self._began[0]) / (done - self._began[1]) * (1 - done)
        epochs = self.recipe.epoch
        place = {"epoch": min(self._epoch, epochs), "epochs": epochs, "done": done, "seconds_left": left}
        self._listener(log.Event(kind, text, **place, **figures))

    def _share(self, ahead=0):
        """How much of all epochs is done, 0 to 1, or will be some batches ahead."""
        epochs = self.state.epoch - 1 + ((self.state.window + ahead) / self._batches if self._batches else 0)
        return min(1.0, epochs / self.recipe.epoch)

    def _look(self):
        """Bring the sum of losses from where it is made; raises ``UserError`` where it is no longer finite."""
        state = self.state
        state.nats = self.learner.nats()
        if not math.isfinite(state.nats):
            lr = self.task.learning_rate(state, self._share())
            raise UserError(
                f"{self.run.path}: the loss became {state.nats} in epoch {state.epoch}, by {self.task.unit} "
                f"{state.window}; {ending.kept(self.run)} (try a lower --lr than {lr:g}, or --gradclip)"
            )
        self.task.look(state)

    def _end_early(self):
        """Save within an epoch, and keep the model if it is the best so far.

        The checkpoint knows nothing of this validation: a training that goes on is as one that was never ended.
        """
        self._look()
        self.save()
        entry = self._validate()
        self._tell("epoch", self.task.entry_line(entry), entry=dict(entry), loss=entry["train_loss"])

    def _validate_and_save(self):
        """After a batch, do what is due; what is told is on the disk before."""
        state, task = self.state, self.task
        last = state.window == self._batches
        validate = task.validation_due(state, last)
        save = validate or task.save_due(state) or time.monotonic() - self._saved > CHECKPOINT_SECONDS
        if validate or save:
            self._look()
        for line in task.progress_lines(state):
            self._tell("note", line)
        entry = self._validate() if validate else None
        if last:
            state.epoch, state.window = state.epoch + 1, 0
        if save:
            self.save()
        if entry:
            name, picture = task.picture(state.history, self.run.name)
            storage.write_file(self.run.file(name), picture)
            figures = {"loss": entry["train_loss"], "words_per_second": entry["words_per_second"]}
            self._tell("epoch", task.entry_line(entry), entry=dict(entry), **figures)
            sample = task.sample(self.run, state)
            if sample is not None:
                self._tell("sample", log.sample_text(sample))
            if not last:
                self._begin_counting()

    def _validate(self):
        """Validate, and keep the model if it is the best so far; returns the entry of the history."""
        state, task = self.state, self.task
        with self.average.in_place() if self.average else contextlib.nullcontext():
            entry, figure = task.validate(self.model, state, self._batches, round(self._speed()))
            entry["best"] = state.patience.better(figure)
            state.history.append(entry)
            if entry["best"]:
                self.run.save_best(self.model, task.extras(state.history))
        task.validated(state, entry)
        return entry

    def _freeze(self):
        """Disable updates of what the task keeps as it is in this epoch, and enable those of all else."""
        frozen = self.task.frozen(self.recipe, self.run.sizes, self.state.epoch)
        for link in self.model.children():
            set_frozen(link, link.name in frozen)

    def save(self) -> None:
        """A checkpoint, and the log of the validations that it holds."""
        self._time_is_up()  # the clock is brought up to now
        self._saved = time.monotonic()
        self.run.save_checkpoint(self.model, self.optimizer, self.state.meta(), self.average)
        storage.write_file(self.run.file("log.jsonl"), log.dump_history(self.state.history))
