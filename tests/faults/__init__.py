"""The fault suite: real workers, broker and database, killed and frozen on a schedule, and a judge of what came of it.

python -m tests.faults          the long run (make faults; make campaign: the longest)
pytest -m faults                a short slice of it

plan.py        one run: how long, how much, which faults
gateway.py     a pretend gateway, in a process of its own, that keeps a log of what it accepted
servers.py     Redis, PostgreSQL and MariaDB of the run's own, on free ports, ended by pid
settings.py    the Django project that the run's workers are
app.py         its Celery app
worker.py      the app, bent: times scaled, a clock that can step, points to die at
points.py      the named points
removed.py     the rules of sending, each taken away
plain.py       what most sites do instead: a Celery task per message
traffic.py     the messages
person.py      who cancels them, and decides about those in doubt
pushes.py      the delivery statuses and inbound messages that the gateway pushes
web.py         the webhooks; urls.py is where they are
clocks.py      the clocks, which can be stepped
schedule.py    when which fault comes
stage.py       the servers, the gateway and the workers of a run
deeds.py       what is done to them
ordeals.py     what the surroundings refuse for a while
surroundings.py  what else they do: a primary that is lost, a wall clock that is set, no memory, no threads
prepare.py     what a worker must be started with for that; wall.c is its wall clock
standby.py     a PostgreSQL primary with its standby
losses.py      what a fail-over that lost commits has cost
settling.py    the time after the faults
conductor.py   one run from its start to its judgement
transitions.py what the database itself noted of each change of a state
judge.py       the gateway's log against the rows; judge_pushes.py: what it pushed, and the events
report.py      figures as a table and as JSON
"""
