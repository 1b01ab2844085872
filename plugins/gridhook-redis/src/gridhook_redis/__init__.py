"""A link to a Grid Singularity Exchange that runs locally, over Redis: addresses ``redis://HOST``, ``rediss://HOST``."""
