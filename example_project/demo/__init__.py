"""`make demo`: web, worker and simulator as real processes, with a database of their own."""
