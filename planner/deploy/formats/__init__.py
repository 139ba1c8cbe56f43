"""Deployment formats, one a file; all are listed in ``planner.deploy.all_formats``."""
