"""`make soak`: a day of a busy site in a few minutes, through web, workers, Redis and PostgreSQL together.

front       the gateway stand-in, which brings statuses and inbound messages over HTTP
producer    the site, which writes messages at a steady rate
staff       people who look at pages of the admin
purge       a purge beside the traffic
processes   web, worker, beat and those above, as processes of their own
watch       memory and CPU of each
received    the site's receiver of inbound messages
traffic     one run, from its start to its figures
checks      whether anything was lost
figures     what is judged, and against which limits
"""
