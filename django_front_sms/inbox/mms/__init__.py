"""The files of an MMS: storing them, deciding which may be shown, and ordering them as their sender did."""
