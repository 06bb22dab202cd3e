"""Texts of Django's admin that Django's own Norwegian catalogues lack, so that no English is left on our pages.

Nothing imports this module: `makemessages` finds the texts here. Django merges the catalogues of all apps into one, in
which those of this app fill the gaps. Where a later version of Django translates one of them, drop it here.
"""

from django.utils.translation import gettext_noop, ngettext_lazy

# Every page: base.html, nav_sidebar.html, color_theme_toggle.html, app_list.html
gettext_noop("Skip to main content")
gettext_noop("Breadcrumbs")
gettext_noop("Sidebar")
gettext_noop("Start typing to filter…")
gettext_noop("Filter navigation items")
gettext_noop("Toggle theme (current theme: auto)")
gettext_noop("Toggle theme (current theme: light)")
gettext_noop("Toggle theme (current theme: dark)")
gettext_noop("Model name")
gettext_noop("Add link")
gettext_noop("Change or view list link")

# The index, the login page and the page after logging out
gettext_noop("Added:")
gettext_noop("Changed:")
gettext_noop("Deleted:")
gettext_noop("Error:")
gettext_noop("Forgotten your login credentials?")
gettext_noop("Thanks for spending some quality time with the web site today.")

# Lists, history and deletion
gettext_noop("Select all objects on this page for an action")
gettext_noop("Run")  # Django 6.0, as are those with placeholders
gettext_noop("Search %(name)s")
gettext_noop("Pagination %(name)s")
gettext_noop("Pagination %(name)s entries")
ngettext_lazy("entry", "entries")
gettext_noop(
    "Are you sure you want to delete the %(object_name)s “%(escaped_object)s”? "
    "All of the following related items will be deleted:"
)
gettext_noop(
    "Deleting the %(object_name)s “%(escaped_object)s” would result in deleting related objects, "
    "but your account doesn't have permission to delete the following types of objects:"
)
gettext_noop(
    "Deleting the %(object_name)s “%(escaped_object)s” would require deleting the following protected related objects:"
)
