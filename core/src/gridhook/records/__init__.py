"""Records: all that a session was told and decided, as JSON lines; read again to tell why, and to decide anew."""
