"""How fast things are, as ratios: what is compared runs in turn, in one run, on one machine."""
