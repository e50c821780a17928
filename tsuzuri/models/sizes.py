"""What a language model is made of: the widths of its layers, and the rates of dropout that it learns with."""

import dataclasses

LAYERS, PROJECTIONS = "layers", "projections"


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The sizes and the dropout of a model; saved with its weights.

    ``layers`` LSTM layers of ``units`` each read words of ``embed`` values (None: as many as units). A ``tied`` model
    takes the embedding as the output layer's weights too (Press and Wolf 2017; Inan et al. 2017): its last layer has
    ``embed`` units.

    ``dropout`` is the probability of dropping a value while training. ``dropout_on`` says where: on ``layers``, the
    layers' inputs and the last output (Zaremba et al. 2014), or on ``projections``, the projected inputs x W of the
    LSTM layers (the article). On layers, ``dropout_input``, ``dropout_between`` and ``dropout_output`` take the place
    of ``dropout`` for what is read, for what goes from layer to layer and for the last output; a ``locked`` mask is the
    same for all steps of a window (Gal and Ghahramani 2016). ``dropout_words`` drops whole words of the embedding,
    ``dropout_weights`` recurrent weights (Wan et al. 2013; Merity et al. 2018), each by one mask a window.

    With each word the model reads ``looks`` others, their embeddings weighed value by value and added to its own, and
    some rows of a table of ``marks``, which are added too: what it is told besides the words (``midi/lookback.py``).

    ``skip`` adds what a layer hands on to what the next one does, before dropout, where both are as wide (a residual
    connection, as of He et al. 2016; for stacked LSTM layers: Wu et al. 2016).
    """

    words: int
    units: int
    dropout: float = 0.5
    dropout_on: str = LAYERS
    layers: int = 2
    embed: int | None = None
    tied: bool = False
    locked: bool = False
    dropout_input: float | None = None
    dropout_between: float | None = None
    dropout_output: float | None = None
    dropout_words: float = 0.0
    dropout_weights: float = 0.0
    skip: bool = False
    looks: int = 0
    marks: int = 0

    @property
    def width(self):
        """Values of an embedded word."""
        return self.units if self.embed is None else self.embed

    @property
    def outputs(self):
        """The units of each layer."""
        return (self.units,) * (self.layers - 1) + (self.width if self.tied else self.units,)

    @property
    def inputs(self):
        """What each layer reads a step."""
        return (self.width, *self.outputs[:-1])

    @property
    def skips(self):
        """Of each layer, whether what the one below hands on is added to what it does."""
        below = (None, *self.outputs[:-1])
        return tuple(self.skip and units == own for units, own in zip(below, self.outputs, strict=True))

    @property
    def output_name(self):
        """The output layer's name: "l3" over two LSTM layers."""
        return f"l{self.layers + 1}"

    @property
    def lookback(self):
        """Whether more is read than the words."""
        return self.looks > 0

    @property
    def same_width(self):
        """Whether there are two layers, as wide as the embedding: those whose words a GPU's kernels draw."""
        return self.layers == 2 and self.width == self.units

    def shapes(self):
        """The shape of every parameter by its path, so that weights can be checked before memory is taken for them."""
        shapes = {"l0/W": (self.words, self.width)}
        if self.looks:
            shapes |= {"l0_look": (self.looks, self.width), "l0_mark/W": (self.marks, self.width)}
        for k, (read, units) in enumerate(zip(self.inputs, self.outputs, strict=True), start=1):
            shapes |= {f"l{k}_x/W": (4 * units, read), f"l{k}_x/b": (4 * units,)}
            shapes |= {f"l{k}_h/W": (4 * units, units), f"l{k}_h/b": (4 * units,)}
        if not self.tied:
            shapes[f"{self.output_name}/W"] = (self.words, self.outputs[-1])
        return shapes | {f"{self.output_name}/b": (self.words,)}

    def state_widths(self):
        """The width of each array of the LSTM state by its name: c1, h1, c2, h2 ..."""
        return {f"{part}{k}": units for k, units in enumerate(self.outputs, start=1) for part in "ch"}

    def rates(self):
        """The rate of dropout at each place that has a mask, in the order in which the masks are drawn.

        "read"; of each layer k "projected<k>", and "written<k>", what it hands on; "words"; "weights<k>".
        """
        on_layers = self.dropout_on == LAYERS
        rates = {"read": self._rate(self.dropout_input, on_layers)}
        for k in range(1, self.layers + 1):
            rates[f"projected{k}"] = self._rate(None, not on_layers)
            own = self.dropout_output if k == self.layers else self.dropout_between
            rates[f"written{k}"] = self._rate(own, on_layers)
        return (
            rates
            | {"words": self.dropout_words}
            | {f"weights{k}": self.dropout_weights for k in range(1, self.layers + 1)}
        )

    def _rate(self, own, here):
        return (self.dropout if own is None else own) if here else 0.0
