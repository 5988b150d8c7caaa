# SPDX-License-Identifier: GPL-2.0-only
"""Mazes, seeded; another way to the shortest path through them; jobs and results as the hardware has them.

Nothing here is shared with the firmware or with labctl: walls are a set of pairs of cells, the search is a queue of
cells with a dictionary of distances, the layout is written down once more from docs/device.md.
"""
import collections
import random
import struct

HEADER = struct.Struct("<IHHIHHHHHHQ")
RESULT = struct.Struct("<IHHIIIIIHH")
NORTH, EAST, SOUTH, WEST = range(4)
SOLVED, UNSOLVABLE, MALFORMED, GEOMETRY, OVERSIZE, ENDLESS = range(6)
CELLS_MAX, SIDE_MAX = 16384, 256


class Maze:
    """Cells (x, y); `ways`: the pairs of neighbours without a wall between them."""

    def __init__(self, width, height, start, goal):
        self.width, self.height, self.start, self.goal = width, height, start, goal
        self.ways = set()

    def cells(self):
        return [(x, y) for y in range(self.height) for x in range(self.width)]

    def around(self, cell):
        """All neighbours, by direction."""
        x, y = cell
        for step, (nx, ny) in ((NORTH, (x, y - 1)), (EAST, (x + 1, y)), (SOUTH, (x, y + 1)), (WEST, (x - 1, y))):
            if 0 <= nx < self.width and 0 <= ny < self.height:
                yield step, (nx, ny)

    def open(self, one, other):
        self.ways.add((min(one, other), max(one, other)))

    def is_open(self, one, other):
        return (min(one, other), max(one, other)) in self.ways

    def distance(self):
        """Steps of a shortest path, None if there is no path; and the cells that can be reached."""
        known = {self.start: 0}
        todo = collections.deque([self.start])
        while todo:
            cell = todo.popleft()
            for _, other in self.around(cell):
                if other not in known and self.is_open(cell, other):
                    known[other] = known[cell] + 1
                    todo.append(other)
        return known.get(self.goal), len(known)

    def leads(self, steps):
        """Whether these directions lead from the start to the goal."""
        cell = self.start
        for step in steps:
            other = dict(self.around(cell)).get(step)
            if other is None or not self.is_open(cell, other):
                return False
            cell = other
        return cell == self.goal

    def job(self):
        """As the device takes it."""
        walls = bytearray((self.width * self.height + 3) // 4)
        for index, (x, y) in enumerate(self.cells()):
            pair = (not self.is_open((x, y), (x + 1, y))) | (not self.is_open((x, y), (x, y + 1))) << 1
            walls[index // 4] |= pair << index % 4 * 2
        return HEADER.pack(0x455a414d, 1, 0, HEADER.size + len(walls), self.width, self.height, *self.start,
                           *self.goal, 0) + bytes(walls)


def perfect(rng, width, height):
    """One way between any two cells: random walls are taken unless that closes a circle."""
    maze = Maze(width, height, (rng.randrange(width), rng.randrange(height)),
                (rng.randrange(width), rng.randrange(height)))
    parent = {cell: cell for cell in maze.cells()}

    def root(cell):
        while parent[cell] != cell:
            parent[cell] = parent[parent[cell]]
            cell = parent[cell]
        return cell

    edges = [(cell, other) for cell in maze.cells() for step, other in maze.around(cell) if step in (EAST, SOUTH)]
    rng.shuffle(edges)
    closed = []
    for one, other in edges:
        if root(one) != root(other):
            parent[root(one)] = root(other)
            maze.open(one, other)
        else:
            closed.append((one, other))
    return maze, closed


def make(seed):
    """Of every kind in turn: perfect, with few loops and with many, and with a part that is cut off."""
    rng = random.Random(seed)
    size = rng.choice(((1, 12), (2, 40), (20, 90)))
    width, height = rng.randint(*size), rng.randint(*size)
    if seed % 50 == 49:
        width = height = 128
    maze, closed = perfect(rng, width, height)
    kind = seed % 4
    if kind in (1, 2):
        for one, other in closed:
            if rng.random() < (0.05, 0.6)[kind - 1]:
                maze.open(one, other)
    elif kind == 3 and maze.ways:
        for way in rng.sample(sorted(maze.ways), max(1, len(maze.ways) // 200)):
            maze.ways.discard(way)
    return maze


def parse(job):
    """The maze of a job that is whole; the inverse of Maze.job()."""
    _, _, _, _, width, height, start_x, start_y, goal_x, goal_y, _ = HEADER.unpack_from(job)
    maze = Maze(width, height, (start_x, start_y), (goal_x, goal_y))
    for index, (x, y) in enumerate(maze.cells()):
        pair = job[HEADER.size + index // 4] >> index % 4 * 2
        if not pair & 1:
            maze.open((x, y), (x + 1, y))
        if not pair & 2:
            maze.open((x, y), (x, y + 1))
    return maze


class Result:
    """One result, from the beginning of some bytes."""

    def __init__(self, data):
        (magic, self.status, reserved, self.cookie, self.size, count, self.visited, self.work, self.width,
         self.height) = RESULT.unpack_from(data)
        assert magic == 0x48544150 and reserved == 0, f"no result: {data[:32].hex()}"
        path = data[RESULT.size:self.size]
        assert len(path) == (count + 3) // 4, f"{len(path)} bytes for {count} steps"
        self.steps = [path[i // 4] >> i % 4 * 2 & 3 for i in range(count)]


def check(maze, status, steps, visited):
    """What is wrong with an answer, None if nothing."""
    distance, reached = maze.distance()
    if distance is None:
        return None if (status, steps) == (UNSOLVABLE, []) else f"status {status} without a way"
    if status != SOLVED:
        return f"status {status} where {distance} steps do it"
    if len(steps) != distance:
        return f"{len(steps)} steps where {distance} do it"
    if not maze.leads(steps):
        return "the path does not lead there"
    return None if distance < visited <= reached else f"{visited} cells visited, of {reached}"
