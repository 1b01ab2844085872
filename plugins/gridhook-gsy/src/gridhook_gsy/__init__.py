"""A link to a Grid Singularity Exchange over REST and WebSocket: addresses ``gsy+https://HOST``, ``gsy+http://HOST``."""
