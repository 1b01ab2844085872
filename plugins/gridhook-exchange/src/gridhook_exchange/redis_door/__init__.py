"""The exchange over Redis: the local API of PROTOCOL.md 3. Needs the extra ``redis``.

Everything but ``connection`` is pure: a message comes in, messages go out.
"""
