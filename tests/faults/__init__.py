"""The fault tests: real workers, broker and database, killed and frozen at random, and a judge of the result.

python -m tests.faults          the long run (make faults; make campaign: the longest)
pytest -m faults                a short selection of it

plan.py             the parameters of one run; plans.py: the runs
gateway.py          a simulated gateway with random faults; gateway_requests.py: its requests
pushes.py           the delivery statuses and inbound messages that the gateway pushes
servers.py          Redis, PostgreSQL and MariaDB servers of the run, on free ports
standby.py          a PostgreSQL primary with a standby
settings.py         the Django project of the workers; app.py: its Celery app; urls.py and web.py: its webhooks
worker.py           the workers: the package with scaled times, steppable clocks, and points to be killed at
points.py           these points
clocks.py           the steppable clocks
removed.py          the rules of sending, each removed
baseline.py         for comparison: a Celery task per message
traffic.py          the messages that are sent
person.py           cancels messages and decides about unconfirmed ones
schedule.py         the faults of a run, and when they happen
process_faults.py   kills, freezes and restarts of processes and servers
database_faults.py  faults of the database that last a while, and fail-over
host_faults.py      the wall clock, file descriptors, memory and threads
prepare.py          how a worker must be started for host_faults.py; wall.c: its wall clock
environment.py      the servers, the gateway and the workers of a run
settling.py         the time after the last fault
runner.py           one run from start to report
transitions.py      the state changes, recorded by a database trigger
judge.py            compares the gateway's log with the rows; judge_pushes.py: pushes and events
losses.py           what a fail-over that lost commits has cost
report.py           the results as a table and as JSON
"""
