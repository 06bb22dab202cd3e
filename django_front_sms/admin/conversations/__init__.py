"""Conversations: the list, one conversation, its bubbles and pictures, and the reply box."""
