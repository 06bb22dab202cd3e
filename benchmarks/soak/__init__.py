"""`make soak`: a day of a busy site in a few minutes, through web, workers, Redis and PostgreSQL together.

front       the gateway stand-in, which pushes statuses and inbound messages over HTTP
producer    the site, which writes messages at a steady rate
staff       users who request pages of the admin
purge       a purge beside the traffic
processes   web, worker, beat and those above, as processes of their own
watch       memory and CPU of each
received    the site's receiver of inbound messages
traffic     one run, from its start to its figures
checks      whether anything was lost
figures     the figures of a run, and their limits
"""
