"""Writing an SMS: the page, its form, the preview, and sending."""
