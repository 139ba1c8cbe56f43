"""Measuring this host: processes that run the primitives, and the profile that is made of what they wrote."""
