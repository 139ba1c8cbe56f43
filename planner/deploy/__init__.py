"""Deployment files: one format a file, all listed in ``registry``."""
