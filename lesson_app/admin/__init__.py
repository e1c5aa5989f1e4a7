"""The admin pages under /admin: SQLAdmin, for administrators only.

They change nothing by themselves: each change goes through the function that the API calls too.
Needs the extra `admin`, and is imported only when `settings.admin_panel` is on.
"""
