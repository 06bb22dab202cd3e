"""Exports of messages: the page, and the file formats."""
