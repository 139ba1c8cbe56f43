"""The user's own programs: runs of them, files about them, and the demand of a unit of their work."""
