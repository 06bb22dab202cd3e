"""A model checker for sending: explores all histories of a few messages.

It walks breadth-first through every order in which workers, the gateway, people and the clock can act, and checks the
promise in each state. The engine's own functions decide what may be claimed, how an answer changes a message, and how
equal messages (twins) affect it. Only their environment is written here.

    states.py      a message, its attempts and its requests, as tuples
    rules.py       the engine's decisions on these tuples
    world.py       the possible next steps
    promise.py     the promise and the invariants, checked in each state
    search.py      the search, and the shortest history that breaks the promise
    removed.py     the rules of sending, each of which can be removed
    history.py     a history as text
    report.py      the table of results
"""
