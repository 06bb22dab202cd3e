"""Explores the small worlds, with one process per core, and prints a table of the results."""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import django

from tests.explorer.search import Result, explore
from tests.explorer.world import World

ENDS_EVERY = 50  # one of so many states is followed until no message is open
WORLDS = (
    World("two equal messages and a third"),
    World("the same, coalescing", policy="coalesce"),
    World("the same, rejecting", policy="reject"),
    World("the same, expiring", expires=40),
    World("the same, the clock steps back", steps_back=1),
    World("the same, without a filter", filter=False),
    World("two equal messages", keys=(0, 0)),
    World("one message", keys=(0,)),
)


def walk(name: str, depth: int, states: int) -> int:
    """Explore the worlds, and print a row for each. Returns the exit code."""
    worlds = [world for world in WORLDS if name in world.name]
    print("| world | states | steps | histories | complete to depth | seconds | |")
    print("|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), django.setup) as pool:
        results = []
        for result in pool.map(partial(_explore, depth=depth, states=states), worlds):
            print(_row(result), flush=True)
            results.append(result)
    total = sum(result.states for result in results)
    print(f"\n{total:,} states, {sum(result.seconds for result in results):.0f} s of processor time")
    return int(any(result.problem for result in results))


def _explore(world: World, depth: int, states: int) -> Result:
    return explore(world, depth, most_states=states, ends_every=ENDS_EVERY)


def _row(result: Result) -> str:
    depth = "all" if result.is_all else result.depth
    problem = f"{result.problem}: {list(result.history)}" if result.problem else "nothing is broken"
    return (
        f"| {result.world.name} | {result.states:,} | {result.steps:,} | {result.histories:,} | {depth} | "
        f"{result.seconds:.0f} | {problem} |"
    )
