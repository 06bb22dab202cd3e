"""`make demo`: web server, worker and simulator as real processes, with a temporary database."""
