"""Writing an SMS: the page, its form, the preview, and what becomes of it."""
