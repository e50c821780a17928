"""How the recurrence is shared among blocks, warps and threads: plain numbers in, plain numbers out.

A block has some units and some streams of one layer for a whole window, its rows of the recurrent weights in shared
memory. ``choose`` tries all such shares that fit, and takes the one that a model of costs finds fastest. The model's
constants are estimates for a Hopper GPU that nobody has measured yet: they decide how fast, never what is computed.
"""

import functools
from dataclasses import dataclass

WAVEFRONT, LAYERS, STEPS = "wavefront", "layers", "steps"
FORWARD, BACKWARD = "forward", "backward"

BFLOAT16, TF32, FLOAT32 = "bfloat16", "tf32", "float32"
BYTES = {BFLOAT16: 2, TF32: 4, FLOAT32: 4}  # of an operand's value
TYPES = {BFLOAT16: "bfloat16", TF32: "float", FLOAT32: "float"}  # of an operand, in C++

RUN = 64  # bytes: rows of operands are padded to it
ROW_PADDING = 4  # of the partial sums, as in recurrence.cuh
WARPS = 4, 8, 12, 16  # of a block
SPLITS = 1, 2, 4, 8  # of rows, and of columns, among warps
REGISTERS, OF_A_THREAD = 65536, 224  # of a multiprocessor; a thread has 255, but compilers differ

# Estimates, in nanoseconds; in bytes, or operations, a nanosecond of one multiprocessor.
BARRIER = 1500  # from the last store of a step to the first load of the next
LATENCY = 450  # of loads from L2, for each time that a warp waits for some
L2 = 42  # with all multiprocessors reading
LOADS = 220  # into registers, from wherever
TENSOR = 0.5  # runs of a tile of 16 x 8: two instructions each, which take as long for half as many k in TF32
PLAIN = 0.07  # the same in float32 without tensor cores
PAIR = 150  # the cell of each pair that a thread has
WEIGHTS = 20  # bytes of float32 that go into shared memory at the start
# The same of the whole GPU.
LAUNCH = 2500
PRODUCT = {BFLOAT16: 300_000, TF32: 150_000, FLOAT32: 35_000}  # operations of cuBLAS
MEMORY = 3000


@dataclass(frozen=True)
class Task:
    """One direction of a window: ``layers`` of a launch, T steps, B streams, N units."""

    direction: str
    layers: int
    steps: int
    batch: int
    units: int
    precision: str

    @property
    def length(self):
        """Of the sums of a product: h is as long as there are units, dz as there are gates."""
        return self.units if self.direction == FORWARD else 4 * self.units

    @property
    def runs(self):
        """Of 64 bytes, in an operand's row."""
        return -(-self.length * BYTES[self.precision] // RUN)

    @property
    def row_bytes(self):
        """Of a row in shared memory: an odd number of runs, so that 8 lanes that read two rows meet all banks once."""
        return (self.runs | 1) * RUN

    @property
    def parts(self):
        """Of each layer's product of a step, the lower layer first: with what is its own, and what the other made."""
        if self.layers == 1:
            return (1,)
        return (1, 2) if self.direction == FORWARD else (2, 1)

    def rows(self, units):
        """Of weights, which a block of so many units has for each part."""
        return 4 * units if self.direction == FORWARD else units


@dataclass(frozen=True)
class Lane:
    """What a lane has of a tile: rows and columns that it reads, and sums (Lane in recurrence.cuh)."""

    rows: int
    columns: int
    sums: int
    registers: int  # of a thread besides those of tiles and pairs

    def ahead(self, tiles):
        """Runs whose loads are under way at once, with so many tiles beside each other; AHEAD in recurrence.cuh."""
        return max(1, min(4, 12 // (self.columns * tiles)))


TENSOR_LANE, PLAIN_LANE = Lane(2, 1, 4, 72), Lane(4, 4, 16, 88)
LANES = {BFLOAT16: TENSOR_LANE, TF32: TENSOR_LANE, FLOAT32: PLAIN_LANE}


@dataclass(frozen=True)
class Share:
    """What a block does of a layer: its units, and how its warps share its products (``Tiles`` in recurrence.cuh)."""

    units: int  # of a block; the last one may have fewer
    groups: int  # of units: so many blocks have the same streams
    tiles: tuple  # MT, NT: rows by 16 and columns by 8, of a warp
    warps: tuple  # WM, WN, WK: over rows, over columns, over parts of k
    pairs: int  # of a unit and a stream, of a thread

    @property
    def threads(self):
        wm, wn, wk = self.warps
        return 32 * wm * wn * wk

    @property
    def height(self):
        """Of the partial sums, with their padding."""
        return 16 * self.tiles[0] * self.warps[0] + ROW_PADDING

    @property
    def width(self):
        return 8 * self.tiles[1] * self.warps[1]

    @property
    def sums(self):
        """Bytes of the partial sums."""
        return 4 * self.warps[2] * self.width * self.height

    def shared(self, task, parts):
        """Bytes of shared memory: the weights of each part, and the partial sums."""
        return parts * task.rows(self.units) * task.row_bytes + self.sums

    def registers(self, task):
        """Of a thread, about: fitted to what NVIDIA's compiler takes for sm_90, a little above it."""
        (mt, nt), lane = self.tiles, LANES[task.precision]
        loads = 4 * lane.ahead(nt) * nt * lane.columns + 4 * lane.rows
        return lane.registers + lane.sums * mt * nt + loads + lane.rows * mt + lane.columns * nt + 14 * self.pairs

    def cost(self, task, parts, streams):
        """Nanoseconds of a step, as estimated; the other layer's part is multiplied while own steps are waited for."""
        (mt, nt), (wm, wn, wk), lane = self.tiles, self.warps, LANES[task.precision]
        turns = -(-task.runs // wk)  # of each warp, in runs
        of_all = wm * wn * wk * turns
        read = wm * streams * task.runs * RUN / L2
        loads = of_all * (lane.rows * mt + lane.columns * nt) * 32 * 16 / LOADS
        work = of_all * mt * nt / (PLAIN if task.precision == FLOAT32 else TENSOR)
        part = max(LATENCY * -(-turns // lane.ahead(nt)), LATENCY + max(read, loads, work))
        sums = 2 * self.sums / LOADS
        other = part + sums * (task.direction == BACKWARD) if parts == 2 else 0
        return max(BARRIER, other) + part + sums + PAIR * self.pairs


@dataclass(frozen=True)
class Plan:
    """How one direction is computed: ``way``, and for all ways but STEPS how blocks share the work."""

    way: str
    precision: str
    microseconds: float  # as estimated, of both layers
    streams: int = 0  # of a block
    stream_groups: int = 0
    shares: tuple = ()  # of each layer of a launch, the lower first
    shared: int = 0  # bytes

    @property
    def blocks(self):
        return self.stream_groups * sum(share.groups for share in self.shares)

    @property
    def counters(self):
        """One for who left, and one for each layer and group of streams."""
        return 1 + len(self.shares) * self.stream_groups

    def defines(self):
        """What the kernels are compiled with."""
        numbers = {"OPERAND": TYPES[self.precision], "TF32": int(self.precision == TF32)}
        if self.shares:
            numbers["LAYERS"] = len(self.shares)
        for layer, share in enumerate(self.shares, 1):
            names = ("MT", "NT", "WM", "WN", "WK", "PAIRS")
            values = (*share.tiles, *share.warps, share.pairs)
            numbers |= {f"{name}{layer}": value for name, value in zip(names, values, strict=True)}
        return numbers


@dataclass(frozen=True)
class Plans:
    """The plans of both directions."""

    forward: Plan
    backward: Plan


@functools.lru_cache(64)
def plans_for(multiprocessors, shared_memory, steps, batch, units, precision, alone=False):
    """The fastest way, as estimated, of each direction of a window of T steps, B streams and N units.

    On a GPU with so many multiprocessors and bytes of shared memory a block may have. ``alone`` rules the wavefront
    out: where there are not two layers of one width, or dropout is on what they project, which its upper layer never
    has by itself.
    """
    fastest = []
    for direction in (FORWARD, BACKWARD):
        by_way = ways(direction, multiprocessors, shared_memory, steps, batch, units, precision)
        plans = [plan for way, plan in by_way.items() if way != WAVEFRONT or not alone]
        fastest.append(min(plans, key=lambda plan: plan.microseconds))
    return Plans(*fastest)


def ways(direction, multiprocessors, shared_memory, steps, batch, units, precision):
    """The best plan of each way that there is, by way; arguments as ``choose`` has them."""
    plans_by_way = {STEPS: by_steps(Task(direction, 1, steps, batch, units, precision))}
    for way, layers in ((LAYERS, 1), (WAVEFRONT, 2)):
        task = Task(direction, layers, steps, batch, units, precision)
        plans = launches(task, multiprocessors, shared_memory)
        best = min(plans, key=lambda plan: plan.microseconds, default=None)
        if best:
            plans_by_way[way] = best
    return plans_by_way


def by_steps(task):
    """The plan of two launches a step and layer, one of them a product, which reads all weights."""
    T, B, N = task.steps, task.batch, task.units
    read = 4 * N * N * BYTES[task.precision] / MEMORY
    step = 2 * LAUNCH + max(read, 8 * B * N * N / PRODUCT[task.precision])
    return Plan(STEPS, task.precision, (2 * T * step + _product(task)) / 1000)


def launches(task, multiprocessors, shared_memory):
    """Plans of a launch, the best one for each number of streams and of warps."""
    for streams in _even(task.batch, multiprocessors):
        stream_groups = -(-task.batch // streams)
        blocks = multiprocessors // stream_groups
        for warps in WARPS:
            most = blocks - task.layers + 1  # of one layer
            shares = [list(_layers_shares(task, parts, streams, warps, most, shared_memory)) for parts in task.parts]
            together = _together(task, shares, blocks)
            if together:
                yield _launch(task, streams, stream_groups, together)


def _even(size, most):
    """The largest shares of what is cut into 1 to ``most`` even ones, the smallest first."""
    return sorted({-(-size // groups) for groups in range(1, min(size, most) + 1)})


def _together(task, shares, blocks):
    """The cheapest of each layer's pairs (cost, share) whose blocks are there at once, for a group of streams."""
    if task.layers == 1:
        some = [(first,) for first in shares[0] if first[1].groups <= blocks]
    else:
        some = []
        for first in shares[0]:
            others = [other for other in shares[1] if first[1].groups + other[1].groups <= blocks]
            if others:
                some.append((first, min(others, key=lambda pair: pair[0])))
    return min(some, key=lambda pairs: max(cost for cost, _ in pairs), default=None)


def _launch(task, streams, stream_groups, together):
    costs, shares = zip(*together, strict=True)
    values = max(parts * task.rows(s.units) * task.length for parts, s in zip(task.parts, shares, strict=True))
    one = LAUNCH + 4 * values / WEIGHTS + (task.steps + task.layers - 1) * max(costs)
    total = one if task.layers == 2 else 2 * one + _product(task)
    shared = max(share.shared(task, parts) for parts, share in zip(task.parts, shares, strict=True))
    way = WAVEFRONT if task.layers == 2 else LAYERS
    return Plan(way, task.precision, total / 1000, streams, stream_groups, shares, shared)


def _layers_shares(task, parts, streams, warps, most, shared_memory):
    """For each number of units that a block may have of a layer: the cost of a step, and the best share.

    Of a layer's units in ``most`` blocks or fewer for a group of streams, as even as can be.
    """
    lane, room = LANES[task.precision], min(OF_A_THREAD, REGISTERS // (32 * warps))
    for units in _even(task.units, most):
        tiles = -(-task.rows(units) // 16 * -(-streams // 8) // warps)  # of a warp, at least
        registers = lane.registers + lane.sums * tiles + 14 * -(-units * streams // (32 * warps))
        if registers > room or parts * task.rows(units) * task.row_bytes > shared_memory:
            return  # nor have more units room
        shares = _shares(task, units, streams, warps)
        fit = [s for s in shares if s.shared(task, parts) <= shared_memory and s.registers(task) <= room]
        costs = [(share.cost(task, parts, streams), share) for share in fit]
        if costs:
            yield min(costs, key=lambda pair: pair[0])


def _shares(task, units, streams, warps):
    """All ways in which so many warps may share a block's tiles."""
    high, wide = -(-task.rows(units) // 16), -(-streams // 8)
    for wm in SPLITS:
        for wn in SPLITS:
            if wm <= high and wn <= wide and warps % (wm * wn) == 0:
                tiles = -(-high // wm), -(-wide // wn)
                pairs = -(-units * streams // (32 * warps))
                yield Share(units, -(-task.units // units), tiles, (wm, wn, warps // (wm * wn)), pairs)


def _product(task):
    """Nanoseconds of the product between the layers for all steps at once."""
    return LAUNCH + 8 * task.steps * task.batch * task.units**2 / PRODUCT[task.precision]
