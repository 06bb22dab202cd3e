"""The viewsets."""
