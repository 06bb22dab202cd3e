"""The files of an MMS: storing them, which may be shown, and the order in which its sender arranged them."""
