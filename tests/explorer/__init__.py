"""An explorer of all small histories of sending.

It walks breadth-first through every order in which workers, the gateway, people and the clock can act on a few
messages, and checks the promise in each state. What may be claimed, what an answer makes of a message and what a twin
may do is decided by the engine's own functions; only the world around them is written here.

    states.py      a message, its attempts and its requests, as tuples
    rules.py       the engine's decisions, on these tuples
    world.py       everything that can happen next
    promise.py     what has to hold in each state
    search.py      the walk, and the shortest history to a broken promise
    removed.py     the rules of sending, each taken away
    story.py       a history in words
"""
