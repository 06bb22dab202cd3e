"""The database: one clock, short transactions, bulk statements and lookups."""
