"""A user model whose key is a UUID."""
